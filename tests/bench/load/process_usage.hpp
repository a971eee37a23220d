#pragma once

#include <cstdint>
#include <sys/types.h>
#include <vector>

namespace bench {

struct usage {
    std::uint64_t cpu_ns = 0;  ///< of all threads that are alive
    std::uint64_t rss_kb = 0;
};

/// Of these processes together, from /proc.
usage usage_of(const std::vector<pid_t>& processes);

}  // namespace bench
