#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/gateway/metrics.hpp>

#include <chrono>

namespace chat_gateway::gateway {

/// Measures how late a loop gets to what is due: a timer ten times a second, and nothing on the way
/// of messages. Lives on its loop, until that has stopped.
class loop_lag {
public:
    static constexpr std::chrono::milliseconds interval{100};

    loop_lag(scheduler& timers, metrics_block& counts) : timers_(timers), counts_(counts) { arm(); }
    ~loop_lag() { timers_.cancel(timer_); }
    loop_lag(const loop_lag&) = delete;
    loop_lag& operator=(const loop_lag&) = delete;

private:
    void arm() {
        due_ = timers_.now() + interval;
        timer_ = timers_.after(interval, [this] {
            counts_.observe(distribution::loop_lag, timers_.now() - due_);
            arm();
        });
    }

    scheduler& timers_;
    metrics_block& counts_;
    time_point due_;
    scheduler::timer_id timer_ = 0;
};

}  // namespace chat_gateway::gateway
