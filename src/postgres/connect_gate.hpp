#pragma once

#include <chat_gateway/base/scheduler.hpp>

#include <chrono>
#include <mutex>

namespace chat_gateway::postgres {

/// Decides who may try to connect, for all workers of a pool. While the server answers, everybody;
/// after a failure one worker at a time, with growing pauses, so that the others refuse their work
/// at once. Thread-safe.
class connect_gate {
public:
    struct options {
        steady_clock::duration first_pause =
            std::chrono::milliseconds(100);  ///< doubles, with jitter, up to
        steady_clock::duration longest_pause = std::chrono::seconds(3);
    };
    connect_gate() = default;
    explicit connect_gate(options o) : options_(o) {}

    /// True: the caller tries now and then calls succeeded() or failed().
    [[nodiscard]] bool may_try(time_point now);
    /// True if the server was away before.
    bool succeeded();
    /// True if this failure is the first of an outage.
    bool failed(time_point now);

private:
    std::mutex mutex_;
    options options_;
    bool away_ = false;
    bool trying_ = false;  ///< the one try that an outage allows is under way
    steady_clock::duration pause_{};
    time_point next_try_{};
};

}  // namespace chat_gateway::postgres
