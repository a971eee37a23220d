#pragma once

#include "pace.hpp"

#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/gateway/shard.hpp>
#include <chat_gateway/net/event_loop.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace chat_gateway::app {

/// A stop that clients hardly notice: no new sessions, then those that there are are closed in
/// waves, spread evenly over most of the time allowed, so that they come back elsewhere without a
/// storm. Lives on the services loop.
class drain {
public:
    drain(net::event_loop& services, std::chrono::milliseconds time)
        : services_(services), time_(time) {}

    struct member {
        gateway::shard* shard;
        std::function<void()> begin;  ///< on the shard's loop, before the first session is closed
        std::function<void()> end;    ///< likewise, behind the last one
    };
    /// Before the loops run.
    void add(member m) { shards_.push_back({std::move(m), {}, {}}); }
    /// What is to be done when all sessions are closed and before `done`: it calls its argument
    /// when it is. Whatever was asked of the stores by then is still under way. Before the loops
    /// run.
    void before_end(unique_function<void(unique_function<void()>)> task) {
        before_end_ = std::move(task);
    }

    /// `reachable`: clients can still make connections to this process, to fetch what they are
    /// owed.
    void begin(bool reachable, unique_function<void()> done);
    [[nodiscard]] bool begun() const { return begun_; }
    /// Sessions not closed yet.
    [[nodiscard]] std::size_t left() const;

private:
    struct pacing {
        member of;
        std::optional<pace> how_many;
        gateway::drain_state now;
    };
    void next_wave();
    void on_wave_closed();
    void finish();

    net::event_loop& services_;
    std::chrono::milliseconds time_;
    std::vector<pacing> shards_;
    unique_function<void(unique_function<void()>)> before_end_;
    unique_function<void()> done_;
    time_point began_{};
    std::size_t answers_due_ = 0;
    bool begun_ = false;
    bool reachable_ = true;
};

}  // namespace chat_gateway::app
