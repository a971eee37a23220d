#pragma once

#include <cstdint>
#include <map>
#include <sys/types.h>
#include <vector>

namespace bench {

struct usage {
    std::uint64_t cpu_ns = 0;  ///< of all threads, those that have ended too
    std::uint64_t rss_kb = 0;
    /// By thread: nanoseconds that it ran or could have run, had there been a core for it.
    std::map<pid_t, std::uint64_t> wanted_ns;
};

/// The most that one thread has wanted to run between two usages, in nanoseconds.
std::uint64_t most_wanted_ns(const usage& before, const usage& after);

/// Of these processes together; those that have ended count nothing.
usage usage_of(const std::vector<pid_t>& processes);

/// Puts their threads behind everything of common priority, or back; whether that was allowed.
bool set_background(const std::vector<pid_t>& processes, bool background);

/// What all cores together have spent since boot, in clock ticks.
struct machine_usage {
    std::uint64_t busy = 0;
    std::uint64_t all = 0;
};
machine_usage usage_of_machine();

}  // namespace bench
