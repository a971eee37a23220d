#include "loop_watch.hpp"

#include <chat_gateway/base/log.hpp>

#include <utility>

namespace chat_gateway::app {

loop_watch::loop_watch(scheduler& timers, post_function home, std::vector<post_function> loops,
                       std::chrono::microseconds interval, unique_function<void()> alive)
    : timers_(timers),
      home_(std::move(home)),
      loops_(std::move(loops)),
      interval_(interval),
      alive_(std::move(alive)),
      due_(loops_.size(), false) {}

void loop_watch::begin_round() {
    if (missing_ == 0) {
        missing_ = loops_.size();
        due_.assign(loops_.size(), true);
        for (std::size_t n = 0; n < loops_.size(); ++n) {
            loops_[n]([this, n] { home_([this, n] { on_turned(n); }); });
        }
    } else {
        // No further task for a loop that hangs.
        for (std::size_t n = 0; n < loops_.size(); ++n) {
            if (due_[n]) log::warn("an event loop does not turn", {{"loop", n}});
        }
    }
    timers_.after(interval_, [this] { begin_round(); });
}

void loop_watch::on_turned(std::size_t loop) {
    due_[loop] = false;
    if (--missing_ == 0) alive_();
}

}  // namespace chat_gateway::app
