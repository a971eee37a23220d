#pragma once

#include <chat_gateway/base/unique_function.hpp>

#include <chrono>
#include <cstdint>

namespace chat_gateway {

using steady_clock = std::chrono::steady_clock;
using time_point = steady_clock::time_point;

/// Runs things later, on the thread of the loop it belongs to. net::event_loop is one; tests drive
/// a manual one.
class scheduler {
public:
    using timer_id = std::uint64_t;  ///< never 0

    virtual ~scheduler() = default;
    virtual time_point now() const = 0;
    /// Runs `task` once after `delay`; always from the loop, never from inside this call.
    virtual timer_id after(steady_clock::duration delay, unique_function<void()> task) = 0;
    /// Forgets a timer; one that has run or is unknown is ignored.
    virtual void cancel(timer_id id) = 0;
};

}  // namespace chat_gateway
