#include "process_usage.hpp"

#include <ctime>
#include <fstream>
#include <string>

namespace bench {

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
        std::ifstream status("/proc/" + std::to_string(pid) + "/status");
        for (std::string word; status >> word;) {
            std::uint64_t kb = 0;
            if (word == "VmRSS:" && status >> kb) sum.rss_kb += kb;
        }
    }
    return sum;
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
