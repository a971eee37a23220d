#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/chat/ports/change_feed.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <vector>

namespace chat_gateway::gateway {

/// Tells many changes in order, a slice at a time, so that sockets can take them from their queues
/// meanwhile. Lives on the services loop.
class paced_teller {
public:
    using message = socketio::cluster::message;
    using request = socketio::cluster::request;

    /// How much is told at once, and how long after it the next.
    static constexpr std::size_t slice = std::size_t{64} << 10;
    static constexpr std::chrono::milliseconds pause{20};
    /// With more than that to tell it is told without pauses.
    static constexpr std::size_t most = std::size_t{64} << 20;

    struct listener {
        unique_function<void(std::vector<message>)> messages{};
        unique_function<void(request)> request{};
    };

    paced_teller(scheduler& timers, listener told);
    ~paced_teller();
    paced_teller(const paced_teller&) = delete;
    paced_teller& operator=(const paced_teller&) = delete;

    /// At once if nothing waits, and behind it else.
    void pass(std::vector<message> messages);
    void pass(request r);
    /// Waits for go_on().
    void append(chat::change what);
    /// Tells the first slice if no pause is under way, and everything if that is too much.
    void go_on();

private:
    void tell(std::size_t bytes);

    scheduler& timers_;
    listener told_;
    std::deque<chat::change> waiting_;
    std::size_t bytes_ = 0;
    scheduler::timer_id pausing_ = 0;
};

/// What one takes in memory, roughly.
std::size_t bytes_of(const chat::change& what);

}  // namespace chat_gateway::gateway
