#pragma once

#include <chat_gateway/base/scheduler.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

namespace chat_gateway::tests {

/// A scheduler whose time moves only when a test says so.
class manual_scheduler final : public scheduler {
public:
    time_point now() const override { return now_; }

    timer_id after(steady_clock::duration delay, unique_function<void()> task) override {
        const auto id = ++last_id_;
        tasks_.emplace(key{now_ + delay, id}, std::move(task));
        return id;
    }

    void cancel(timer_id id) override {
        std::erase_if(tasks_, [id](const auto& entry) { return entry.first.second == id; });
    }

    /// Moves the clock and runs what falls due on the way, in the order of deadlines (equal ones as
    /// they were asked for). A task sees its own deadline as the time; what it schedules within the
    /// span runs as well.
    void advance(steady_clock::duration span) {
        const auto end = now_ + span;
        while (!tasks_.empty() && tasks_.begin()->first.first <= end) {
            auto next = tasks_.extract(tasks_.begin());
            now_ = std::max(now_, next.key().first);
            next.mapped()();
        }
        now_ = end;
    }

    /// Runs what is due now.
    void run() { advance({}); }

    [[nodiscard]] std::size_t pending() const { return tasks_.size(); }

private:
    using key = std::pair<time_point, timer_id>;
    time_point now_{};
    timer_id last_id_ = 0;
    std::map<key, unique_function<void()>> tasks_;
};

}  // namespace chat_gateway::tests
