#pragma once

#include "options.hpp"
#include "shared.hpp"

#include <cstdint>
#include <span>
#include <sys/types.h>
#include <vector>

namespace bench {

/// All the clients: the processes that hold them, and what these report.
class crowd {
public:
    /// Forks the processes; they begin to connect at once.
    explicit crowd(const options& o);
    crowd(const crowd&) = delete;
    crowd& operator=(const crowd&) = delete;
    /// Ends them.
    ~crowd();

    [[nodiscard]] const std::vector<pid_t>& processes() const { return processes_; }
    /// Ends this process if one of them has ended, which has said why.
    void check() const;

    [[nodiscard]] std::uint64_t sum(std::atomic<std::uint64_t> worker_report::*figure) const;
    /// Microseconds; 0 if nothing was measured.
    [[nodiscard]] std::uint64_t quantile(histogram worker_report::*which, double q) const;
    void clear_latency();

private:
    std::span<worker_report> reports_;
    std::vector<pid_t> processes_;
    int alive_ = -1;  ///< while it is open the clients go on
};

}  // namespace bench
