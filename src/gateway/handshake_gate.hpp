#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/gateway/metrics.hpp>
#include <chat_gateway/gateway/shard.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace chat_gateway::gateway {

/// The handshakes of one loop that are on their way: from the request until the socket is in its
/// rooms, or has been refused. Says when the next one is put off, so that stores which fall behind
/// make some clients come back later, instead of making all of them wait until none gets what it
/// came for. Lives on its loop.
class handshake_gate {
    struct queue;

public:
    enum class verdict : std::uint8_t { open, too_many, too_slow };

    /// One handshake on its way, as long as it exists. On the gate's loop; it may outlive the gate,
    /// but not `counts`.
    class pass {
    public:
        pass(std::shared_ptr<queue> q, time_point since);
        ~pass();
        pass(const pass&) = delete;
        pass& operator=(const pass&) = delete;

    private:
        friend class handshake_gate;
        std::shared_ptr<queue> queue_;
        time_point since_;
        pass* before_;
        pass* behind_ = nullptr;
    };

    handshake_gate(handshake_bounds bounds, metrics_block& counts);

    [[nodiscard]] verdict judge(time_point now) const;
    [[nodiscard]] std::unique_ptr<pass> enter(time_point now) const;
    [[nodiscard]] std::size_t size() const;
    /// How long the oldest has been on its way; zero if there is none.
    [[nodiscard]] steady_clock::duration longest(time_point now) const;

private:
    struct queue {
        metrics_block& counts;
        std::size_t size = 0;
        pass* oldest = nullptr;
        pass* newest = nullptr;
    };

    const handshake_bounds bounds_;
    std::shared_ptr<queue> queue_;
};

}  // namespace chat_gateway::gateway
