#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/chat/ports/message_bus.hpp>

#include <cstdint>
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

    void start(handlers told) override { told_ = std::move(told); }
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
        timers_.after({}, [this, messages = std::move(messages)] { told_.messages(messages); });
    }
    void ask(socketio::cluster::request r, done_handler done) override {
        asked.push_back(std::move(r));
        confirm(std::move(done));
    }
    void answer(const socketio::cluster::request& asked_by,
                socketio::cluster::response r) override {
        r.id = asked_by.id;
        answered.push_back(std::move(r));
    }
    void count_others(unique_function<void(result<std::size_t>)> handler) override {
        timers_.after({}, [handler = std::move(handler), n = others]() mutable { handler(n); });
    }
    void pause(bool now) override { paused = now; }
    void ping(done_handler handler) override { confirm(std::move(handler)); }

    bool paused = false;
    /// The other nodes, as far as they have to do with requests.
    std::size_t others = 0;
    std::vector<socketio::cluster::request> asked;      ///< of them
    std::vector<socketio::cluster::response> answered;  ///< to them

    /// From now on subscriptions wait for confirm_held().
    void hold() { holding_ = true; }
    void confirm_held() {
        holding_ = false;
        for (auto& done : std::exchange(held_, {}))
            confirm(std::move(done));
    }
    /// One read that brought these.
    void inject(std::vector<socketio::cluster::message> messages) {
        told_.messages(std::move(messages));
    }
    void inject(socketio::cluster::request r) { told_.request(std::move(r)); }
    void inject(socketio::cluster::response r) { told_.response(std::move(r)); }
    /// A bus that keeps its messages has been read up to here.
    void reach(std::uint64_t position) { told_.reached(position); }
    /// The way to the other nodes was lost for a while.
    void lose_way() { told_.gap(); }
    /// What is subscribed to.
    [[nodiscard]] const std::set<std::string>& rooms() const { return rooms_; }

private:
    void confirm(done_handler done) {
        timers_.after({}, [done = std::move(done)]() mutable { done({}); });
    }

    scheduler& timers_;
    handlers told_;
    std::set<std::string> rooms_;
    bool holding_ = false;
    std::vector<done_handler> held_;
};

}  // namespace chat_gateway::tests
