#pragma once

#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/net/event_loop.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

namespace chat_gateway::app {

/// Says that the process is alive while all its loops turn: each round every loop is sent a task,
/// and when all have run theirs `alive` is called. A loop that hangs ends that, and so does the
/// services loop itself, whose timer starts the rounds. Lives on the services loop, and is
/// destroyed when no loop runs.
class loop_watch {
public:
    /// Hands a task to a loop.
    using post_function = std::function<void(unique_function<void()>)>;

    /// Rounds follow each other at `interval`, the first at once.
    loop_watch(scheduler& timers, post_function home, std::vector<post_function> loops,
               std::chrono::microseconds interval, unique_function<void()> alive);

    /// Before the loops run.
    void start() { begin_round(); }

private:
    void begin_round();
    void on_turned(std::size_t loop);

    scheduler& timers_;
    post_function home_;
    std::vector<post_function> loops_;
    std::chrono::microseconds interval_;
    unique_function<void()> alive_;
    std::vector<bool> due_;  ///< loops that have not answered this round
    std::size_t missing_ = 0;
};

}  // namespace chat_gateway::app
