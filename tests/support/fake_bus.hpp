#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/chat/ports/message_bus.hpp>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::tests {

/// A bus of one node that confirms subscriptions at once, or when it is told to. Like every bus it
/// is used on the services loop.
class fake_bus final : public chat::message_bus {
public:
    explicit fake_bus(scheduler& timers) : timers_(timers) {}

    void start(receive_handler handler, gap_handler gap) override {
        receive_ = std::move(handler);
        gap_ = std::move(gap);
    }
    void subscribe(std::vector<std::string> rooms, done_handler done) override {
        rooms_.insert(rooms.begin(), rooms.end());
        if (holding_) {
            held_.push_back(std::move(done));
        } else {
            confirm(std::move(done));
        }
    }
    void unsubscribe(const std::vector<std::string>& rooms) override {
        for (const auto& room : rooms)
            rooms_.erase(room);
    }
    void publish(std::vector<socketio::cluster::message> messages, done_handler done) override {
        confirm(std::move(done));
        timers_.after({}, [this, messages = std::move(messages)] { receive_(messages); });
    }
    void pause(bool now) override { paused = now; }
    void ping(done_handler handler) override { confirm(std::move(handler)); }

    bool paused = false;

    /// From now on subscriptions wait for confirm_held().
    void hold() { holding_ = true; }
    void confirm_held() {
        holding_ = false;
        for (auto& done : std::exchange(held_, {}))
            confirm(std::move(done));
    }
    /// One read that brought these.
    void inject(std::vector<socketio::cluster::message> messages) { receive_(std::move(messages)); }
    /// The way to the other nodes was lost for a while.
    void lose_way() { gap_(); }
    /// What is subscribed to.
    [[nodiscard]] const std::set<std::string>& rooms() const { return rooms_; }

private:
    void confirm(done_handler done) {
        timers_.after({}, [done = std::move(done)]() mutable { done({}); });
    }

    scheduler& timers_;
    receive_handler receive_;
    gap_handler gap_;
    std::set<std::string> rooms_;
    bool holding_ = false;
    std::vector<done_handler> held_;
};

}  // namespace chat_gateway::tests
