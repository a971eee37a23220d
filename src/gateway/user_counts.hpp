#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/gateway/metrics.hpp>
#include <chat_gateway/gateway/ranking.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

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
    /// With at least one connection.
    [[nodiscard]] std::size_t user_count() const { return connected_; }
    /// At most so many users and their connections, those with the most first; behind them, if
    /// there is place, users with one, of the first that are come across.
    [[nodiscard]] std::vector<std::pair<std::uint64_t, std::uint32_t>> most_connected(
        std::size_t most) const;

private:
    struct account {
        std::uint32_t connections = 0;
        std::uint32_t losses = 0;    ///< not made good yet
        std::uint32_t repaired = 0;  ///< made good, and still in losses_: the oldest of its entries
        std::uint32_t rank = 0;      ///< in several_
        [[nodiscard]] bool empty() const { return connections + losses + repaired == 0; }
    };
    using accounts = std::unordered_map<std::uint64_t, account>;
    void forget_old(time_point now);
    void set(accounts::value_type& user, std::uint32_t connections);

    metrics_block& counts_;
    accounts users_;
    ranking<accounts::value_type> several_;  ///< users with more than one connection
    std::size_t connected_ = 0;
    std::deque<std::pair<time_point, std::uint64_t>> losses_;  ///< oldest first
};

}  // namespace chat_gateway::gateway
