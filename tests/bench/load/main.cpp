// The load of the benchmarks: many clients in several processes, and the publisher that feeds them
// by Redis. Prints a line of JSON when all are connected and one behind each phase.
#include "clients.hpp"
#include "options.hpp"
#include "process_usage.hpp"
#include "publisher.hpp"
#include "shared.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <span>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace bench;
using namespace std::chrono_literals;

/// For all clients to connect, and for the last messages of a phase to arrive.
constexpr auto patience = 120s;
constexpr auto drain_patience = 10s;

class load_run {
public:
    explicit load_run(options o) : options_(std::move(o)) {
        void* memory = mmap(nullptr, sizeof(worker_report) * options_.processes,
                            PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) std::abort();
        reports_ = {new (memory) worker_report[options_.processes](), options_.processes};
    }

    int run() {
        const usage before = usage_of(options_.servers);
        start_clients();
        if (!connect(before)) return 1;
        for (const auto& p : options_.phases)
            perform(p);
        close(alive_);
        while (wait(nullptr) > 0) {
        }
        return 0;
    }

private:
    void start_clients() {
        int ends[2];
        if (pipe(ends) != 0) std::abort();
        alive_ = ends[1];
        const std::size_t share =
            (options_.clients.size() + options_.processes - 1) / options_.processes;
        for (unsigned p = 0; p < options_.processes; ++p) {
            if (fork() != 0) continue;
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(ends[1]);
            const auto all = std::span<const client_spec>(options_.clients);
            const auto from = std::min(all.size(), share * p);
            run_clients(options_, all.subspan(from, std::min(share, all.size() - from)),
                        std::max(1U, options_.connects_at_once / options_.processes), reports_[p],
                        ends[0]);
            std::_Exit(0);
        }
        close(ends[0]);
    }

    bool connect(const usage& before) {
        const auto began = monotonic_ns();
        while (sum(&worker_report::connected) + sum(&worker_report::lost) <
               options_.clients.size()) {
            if (monotonic_ns() - began > std::uint64_t(std::chrono::nanoseconds(patience).count()))
                break;
            std::this_thread::sleep_for(5ms);
        }
        const auto connected = sum(&worker_report::connected);
        const auto took = monotonic_ns() - began;
        std::this_thread::sleep_for(300ms);
        const usage after = usage_of(options_.servers);
        std::printf(
            R"({"event":"connected","clients":%lu,"lost":%lu,"seconds":%.3f,"cpu_us_per_client":%.2f,)"
            R"("handshake_p50_us":%lu,"handshake_p99_us":%lu,"rss_before_kb":%lu,"rss_kb":%lu})"
            "\n",
            connected, sum(&worker_report::lost), double(took) / 1e9,
            double(after.cpu_ns - before.cpu_ns) / 1000 / double(options_.clients.size()),
            quantile(&worker_report::handshake, 0.5), quantile(&worker_report::handshake, 0.99),
            before.rss_kb, after.rss_kb);
        std::fflush(stdout);
        return connected == options_.clients.size();
    }

    void perform(const phase& p) {
        for (auto& r : reports_)
            r.latency.clear();
        const auto delivered = sum(&worker_report::delivered);
        const auto missed = sum(&worker_report::missed);
        const auto doubled = sum(&worker_report::doubled);
        messages_ = 0;
        phase_deliveries_ = 0;
        expected_ = delivered;
        const usage before = usage_of(options_.servers);
        const auto began = monotonic_ns();
        if (p.what == phase::kind::idle)
            std::this_thread::sleep_for(std::chrono::duration<double>(p.seconds));
        else if (p.what == phase::kind::rate)
            publish_evenly(p, began);
        else
            publish_all_it_takes(p, began);
        await_last();
        const auto took = monotonic_ns() - began;
        const usage after = usage_of(options_.servers);
        const auto reached = sum(&worker_report::delivered) - delivered;
        const double cpu_us = double(after.cpu_ns - before.cpu_ns) / 1000;
        std::printf(
            R"({"event":"phase","name":"%s","seconds":%.3f,"messages":%lu,"deliveries":%lu,"undelivered":%ld,)"
            R"("missed":%lu,"doubled":%lu,"lost":%lu,"cpu_us":%.0f,"cpu_us_per_delivery":%.3f,)"
            R"("p50_us":%lu,"p99_us":%lu,"rss_kb":%lu})"
            "\n",
            p.name.c_str(), double(took) / 1e9, messages_, reached,
            long(expected_ - delivered) - long(reached), sum(&worker_report::missed) - missed,
            sum(&worker_report::doubled) - doubled, sum(&worker_report::lost), cpu_us,
            reached == 0 ? 0.0 : cpu_us / double(reached), quantile(&worker_report::latency, 0.5),
            quantile(&worker_report::latency, 0.99), after.rss_kb);
        std::fflush(stdout);
    }

    void publish_evenly(const phase& p, std::uint64_t began) {
        const auto total = static_cast<std::uint64_t>(p.rate * p.seconds);
        for (std::uint64_t i = 0; i < total; ++i) {
            const auto due = began + static_cast<std::uint64_t>(double(i) * 1e9 / p.rate);
            const timespec at{static_cast<time_t>(due / 1'000'000'000),
                              static_cast<long>(due % 1'000'000'000)};
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
            publish_one();
            publisher_.flush();
        }
    }

    void publish_all_it_takes(const phase& p, std::uint64_t began) {
        const auto end = began + static_cast<std::uint64_t>(p.seconds * 1e9);
        while (monotonic_ns() < end) {
            const std::uint64_t under_way = expected_ - sum(&worker_report::delivered);
            const std::uint64_t per_message = std::max<std::uint64_t>(
                1, phase_deliveries_ / std::max<std::uint64_t>(1, messages_));
            const std::uint64_t window =
                std::min(options_.window_deliveries, options_.window_messages * per_message);
            if (under_way >= window) {
                std::this_thread::sleep_for(100us);
                continue;
            }
            const auto room = std::clamp<std::uint64_t>((window - under_way) / per_message, 1, 100);
            for (std::uint64_t i = 0; i < room; ++i)
                publish_one();
            publisher_.flush();
        }
    }

    void publish_one() {
        const auto reached = publisher_.add();
        expected_ += reached;
        phase_deliveries_ += reached;
        ++messages_;
    }

    void await_last() {
        const auto began = monotonic_ns();
        while (sum(&worker_report::delivered) < expected_ &&
               monotonic_ns() - began <
                   std::uint64_t(std::chrono::nanoseconds(drain_patience).count()))
            std::this_thread::sleep_for(1ms);
    }

    [[nodiscard]] std::uint64_t sum(std::atomic<std::uint64_t> worker_report::*figure) const {
        std::uint64_t all = 0;
        for (const auto& r : reports_)
            all += (r.*figure).load(std::memory_order_relaxed);
        return all;
    }

    [[nodiscard]] std::uint64_t quantile(histogram worker_report::*which, double q) const {
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

    options options_;
    std::span<worker_report> reports_;
    publisher publisher_{options_};
    int alive_ = -1;  ///< while it is open the clients go on
    std::uint64_t messages_ = 0;
    std::uint64_t expected_ = 0;
    std::uint64_t phase_deliveries_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    return load_run(parse_options(argc, argv)).run();
}
