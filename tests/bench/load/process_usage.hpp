#pragma once

#include <cstdint>
#include <sys/types.h>
#include <vector>

namespace bench {

struct usage {
    std::uint64_t cpu_ns = 0;  ///< of all threads, those that have ended too
    std::uint64_t rss_kb = 0;
};

/// Of these processes together; those that have ended count nothing.
usage usage_of(const std::vector<pid_t>& processes);

/// What all cores together have spent since boot, in clock ticks.
struct machine_usage {
    std::uint64_t busy = 0;
    std::uint64_t all = 0;
};
machine_usage usage_of_machine();

}  // namespace bench
