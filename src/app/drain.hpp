#pragma once

#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/gateway/shard.hpp>
#include <chat_gateway/net/event_loop.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

namespace chat_gateway::app {

/// A stop that clients hardly notice: no new connections, then the sessions are closed in waves,
/// spread over most of the time allowed, so that they come back elsewhere without a storm. Lives on
/// the services loop.
class drain {
public:
    drain(net::event_loop& services, std::chrono::milliseconds time)
        : services_(services), time_(time) {}
    /// Before the loops run. `stop_accepting` runs on the shard's loop.
    void add(gateway::shard& shard, std::function<void()> stop_accepting) {
        shards_.push_back({&shard, std::move(stop_accepting)});
    }

    void begin(unique_function<void()> done);
    [[nodiscard]] bool begun() const { return begun_; }

private:
    struct member {
        gateway::shard* shard;
        std::function<void()> stop_accepting;
        std::size_t left = 0;
        std::size_t wave = 0;  ///< sessions closed at a time; 0 until the first count is known
    };
    void next_wave();
    void on_wave_closed();

    net::event_loop& services_;
    std::chrono::milliseconds time_;
    std::vector<member> shards_;
    unique_function<void()> done_;
    time_point deadline_{};
    std::size_t answers_due_ = 0;
    bool begun_ = false;
    bool last_wave_ = false;
};

}  // namespace chat_gateway::app
