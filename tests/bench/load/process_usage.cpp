#include "process_usage.hpp"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/resource.h>

namespace bench {
namespace {

constexpr int background_niceness = 10;

std::vector<pid_t> threads_of(pid_t process) {
    std::vector<pid_t> threads;
    std::error_code gone;
    const std::string path = "/proc/" + std::to_string(process) + "/task";
    for (const auto& task : std::filesystem::directory_iterator(path, gone))
        threads.push_back(std::stoi(task.path().filename()));
    return threads;
}

}  // namespace

usage usage_of(const std::vector<pid_t>& processes) {
    usage sum;
    for (const auto pid : processes) {
        // The kernel's sum of what schedstat has for each thread, with the threads that have ended.
        clockid_t clock{};
        timespec spent{};
        if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &spent) == 0) {
            sum.cpu_ns += static_cast<std::uint64_t>(spent.tv_sec) * 1'000'000'000 +
                          static_cast<std::uint64_t>(spent.tv_nsec);
        }
        for (const pid_t thread : threads_of(pid)) {
            std::ifstream schedstat("/proc/" + std::to_string(thread) + "/schedstat");
            std::uint64_t ran = 0;
            std::uint64_t waited = 0;
            if (schedstat >> ran >> waited) sum.wanted_ns[thread] = ran + waited;
        }
        std::ifstream status("/proc/" + std::to_string(pid) + "/status");
        for (std::string word; status >> word;) {
            std::uint64_t kb = 0;
            if (word == "VmRSS:" && status >> kb) sum.rss_kb += kb;
        }
    }
    return sum;
}

std::uint64_t most_wanted_ns(const usage& before, const usage& after) {
    std::uint64_t most = 0;
    for (const auto& [thread, wanted] : after.wanted_ns) {
        const auto earlier = before.wanted_ns.find(thread);
        most = std::max(most, wanted - (earlier == before.wanted_ns.end() ? 0 : earlier->second));
    }
    return most;
}

bool set_background(const std::vector<pid_t>& processes, bool background) {
    bool allowed = true;
    for (const pid_t process : processes) {
        for (const pid_t thread : threads_of(process)) {
            const auto who = static_cast<id_t>(thread);
            const int change = background ? background_niceness : -background_niceness;
            const int now = getpriority(PRIO_PROCESS, who);
            allowed = setpriority(PRIO_PROCESS, who, now + change) == 0 && allowed;
        }
    }
    return allowed;
}

machine_usage usage_of_machine() {
    // cpu user nice system idle iowait irq softirq steal ..., man 5 proc_stat
    std::ifstream stat("/proc/stat");
    std::string cpu;
    stat >> cpu;
    machine_usage sum;
    for (unsigned field = 0; field < 8; ++field) {
        std::uint64_t ticks = 0;
        stat >> ticks;
        sum.all += ticks;
        if (field != 3 && field != 4) sum.busy += ticks;
    }
    return sum;
}

}  // namespace bench
