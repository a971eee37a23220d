#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/gateway/metrics.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace chat_gateway::gateway {

/// How many connections users have, over all loops, and who comes back. Users are told apart by a
/// hash: these are figures, and a user costs 50 bytes. Lives on the services loop; told the time.
class user_counts {
public:
    /// Who comes back within it has reconnected.
    static constexpr std::chrono::seconds return_time{120};
    /// Losses that are remembered; of more the oldest are forgotten.
    static constexpr std::size_t max_losses = 200'000;

    explicit user_counts(metrics_block& counts) : counts_(counts) {}

    void enter(std::uint64_t user, time_point now);
    /// `lost`: the client did not want it.
    void leave(std::uint64_t user, bool lost, time_point now);

    /// Whether that user has a connection now.
    [[nodiscard]] bool is_here(std::uint64_t user) const {
        const auto found = users_.find(user);
        return found != users_.end() && found->second.connections != 0;
    }

private:
    struct account {
        std::uint32_t connections = 0;
        std::uint32_t losses = 0;    ///< not made good yet
        std::uint32_t repaired = 0;  ///< made good, and still in losses_: the oldest of its entries
        [[nodiscard]] bool empty() const { return connections + losses + repaired == 0; }
    };
    void forget_old(time_point now);
    void move(std::uint32_t from, std::uint32_t to);

    metrics_block& counts_;
    std::unordered_map<std::uint64_t, account> users_;
    std::deque<std::pair<time_point, std::uint64_t>> losses_;  ///< oldest first
};

}  // namespace chat_gateway::gateway
