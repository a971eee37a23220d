#include "crowd.hpp"

#include "clients.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

crowd::crowd(const options& o) {
    void* memory = mmap(nullptr, sizeof(worker_report) * o.processes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int ends[2];
    if (memory == MAP_FAILED || pipe(ends) != 0) {
        std::perror("bench_load");
        std::_Exit(3);
    }
    reports_ = {new (memory) worker_report[o.processes](), o.processes};
    alive_ = ends[1];
    const auto all = std::span<const client_spec>(o.clients);
    const std::size_t share = (all.size() + o.processes - 1) / o.processes;
    for (unsigned p = 0; p < o.processes; ++p) {
        const pid_t child = fork();
        if (child != 0) {
            processes_.push_back(child);
            continue;
        }
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[1]);
        const auto from = std::min(all.size(), share * p);
        run_clients(o, all.subspan(from, std::min(share, all.size() - from)),
                    std::max(1U, o.connects_at_once / o.processes), reports_[p], ends[0]);
        std::_Exit(0);
    }
    close(ends[0]);
}

crowd::~crowd() {
    close(alive_);
    for (const auto process : processes_)
        waitpid(process, nullptr, 0);
}

void crowd::check() const {
    for (const auto process : processes_) {
        if (waitpid(process, nullptr, WNOHANG) == process) {
            std::fprintf(stderr, "bench_load: a process of clients has ended\n");
            std::_Exit(3);
        }
    }
}

std::uint64_t crowd::sum(std::atomic<std::uint64_t> worker_report::*figure) const {
    std::uint64_t all = 0;
    for (const auto& r : reports_)
        all += (r.*figure).load(std::memory_order_relaxed);
    return all;
}

std::uint64_t crowd::quantile(histogram worker_report::*which, double q) const {
    std::uint64_t all = 0;
    for (std::size_t b = 0; b < histogram::buckets; ++b) {
        for (const auto& r : reports_)
            all += (r.*which).at(b);
    }
    std::uint64_t seen = 0;
    for (std::size_t b = 0; b < histogram::buckets; ++b) {
        for (const auto& r : reports_)
            seen += (r.*which).at(b);
        if (all != 0 && double(seen) >= q * double(all)) return histogram::floor_of(b);
    }
    return 0;
}

void crowd::clear_latency() {
    for (auto& r : reports_)
        r.latency.clear();
}

}  // namespace bench
