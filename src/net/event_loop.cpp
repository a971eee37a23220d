#include <chat_gateway/net/event_loop.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace chat_gateway::net {
namespace {

/// So that hooks (flushing what was queued) are not put off for ever by a stream of ready events.
constexpr int max_events_per_tick = 512;
constexpr std::chrono::milliseconds max_tick{5};

/// The loop that this thread runs.
thread_local const event_loop* running_here = nullptr;

}  // namespace

event_loop::event_loop()
    : work_(context_.get_executor()),
      receive_buffer_(std::make_unique<std::array<char, 64 * 1024>>()),
      timer_(context_) {}

event_loop::~event_loop() = default;

void event_loop::run() {
    running_here = this;
    while (!context_.stopped()) {
        // With tasks of its own left over, it must not wait.
        if (own_tasks_.empty() && context_.run_one() == 0) break;
        const time_point end = now() + max_tick;
        for (int n = 1; n < max_events_per_tick && context_.poll_one() != 0 && now() < end; ++n) {
        }
        run_own_tasks();
        for (auto& hook : hooks_)
            hook();
    }
    running_here = nullptr;
}

void event_loop::stop() {
    context_.stop();
}

void event_loop::post(unique_function<void()> task) {
    if (running_here == this) return own_tasks_.push_back(std::move(task));
    bool wake = false;
    {
        const std::lock_guard lock(mailbox_mutex_);
        wake = mailbox_.empty();
        mailbox_.push_back(std::move(task));
    }
    if (wake) boost::asio::post(context_, [this] { run_mailbox(); });
}

bool event_loop::may_run_here() const {
    return running_here == this && own_tasks_.empty();
}

void event_loop::run_own_tasks() {
    for (int n = 0; n < max_events_per_tick && !own_tasks_.empty(); ++n) {
        auto task = std::move(own_tasks_.front());
        own_tasks_.pop_front();
        task();
    }
}

void event_loop::run_mailbox() {
    if (running_.empty()) {
        const std::lock_guard lock(mailbox_mutex_);
        running_.swap(mailbox_);
    }
    for (int n = 0; n < max_events_per_tick && !running_.empty(); ++n) {
        auto task = std::move(running_.front());
        running_.pop_front();
        task();
    }
    // The rest waits behind what is ready now. What was posted while nothing was left here has its
    // own wake-up; what came to a mailbox that was not taken yet has not.
    bool more = !running_.empty();
    if (!more) {
        const std::lock_guard lock(mailbox_mutex_);
        more = !mailbox_.empty();
    }
    if (more) boost::asio::post(context_, [this] { run_mailbox(); });
}

void event_loop::discard() {
    for (;;) {
        std::deque<unique_function<void()>> unrun;
        {
            const std::lock_guard lock(mailbox_mutex_);
            unrun.swap(mailbox_);
        }
        std::move(running_.begin(), running_.end(), std::back_inserter(unrun));
        running_.clear();
        std::move(own_tasks_.begin(), own_tasks_.end(), std::back_inserter(unrun));
        own_tasks_.clear();
        const auto timers = std::exchange(timers_, {});
        timer_times_.clear();
        if (unrun.empty() && timers.empty()) return;
    }
}

event_loop::timer_id event_loop::after(steady_clock::duration delay, unique_function<void()> task) {
    const timer_id id = next_timer_++;
    const time_point when = now() + delay;
    timers_.emplace(std::pair{when, id}, std::move(task));
    timer_times_.emplace(id, when);
    arm_timer();
    return id;
}

void event_loop::cancel(timer_id id) {
    const auto found = timer_times_.find(id);
    if (found == timer_times_.end()) return;
    timers_.erase({found->second, id});
    timer_times_.erase(found);
}

void event_loop::arm_timer() {
    if (timers_.empty() || timers_.begin()->first.first >= armed_for_) return;
    armed_for_ = timers_.begin()->first.first;
    timer_.expires_at(armed_for_);
    timer_.async_wait([this](const boost::system::error_code& ec) {
        if (ec) return;  // re-armed for an earlier time
        armed_for_ = time_point::max();
        run_timers();
    });
}

void event_loop::run_timers() {
    const time_point due = now();
    // One at a time: a task may cancel another that is due as well.
    while (!timers_.empty() && timers_.begin()->first.first <= due) {
        auto task = std::move(timers_.begin()->second);
        timer_times_.erase(timers_.begin()->first.second);
        timers_.erase(timers_.begin());
        task();
    }
    arm_timer();
}

}  // namespace chat_gateway::net
