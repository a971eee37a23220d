#include "user_counts.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace chat_gateway::gateway {
namespace {

/// Users that are looked at for those with one connection, which most have.
constexpr std::size_t most_looked_at = 10'000;

/// Of a user with that many connections: 1, 2 or 3, 4 to 7, 8 to 15, more.
metric bin_of(std::uint32_t connections) {
    const int bin = std::min(static_cast<int>(std::bit_width(connections)) - 1, 4);
    return static_cast<metric>(static_cast<int>(metric::users_1) + bin);
}
static_assert(static_cast<int>(metric::users_16) - static_cast<int>(metric::users_1) == 4);

}  // namespace

void user_counts::set(accounts::value_type& user, std::uint32_t connections) {
    const std::uint32_t before = std::exchange(user.second.connections, connections);
    if (before != 0) {
        counts_.subtract(bin_of(before));
        --connected_;
    }
    if (connections != 0) {
        counts_.add(bin_of(connections));
        ++connected_;
    }
    several_.set(user, connections > 1 ? connections : 0);
}

void user_counts::enter(std::uint64_t user, time_point now) {
    forget_old(now);
    auto& entry = *users_.try_emplace(user).first;
    account& a = entry.second;
    set(entry, a.connections + 1);
    if (a.losses == 0) return;
    --a.losses;
    ++a.repaired;
    counts_.add(metric::reconnections);
}

void user_counts::leave(std::uint64_t user, bool lost, time_point now) {
    const auto found = users_.find(user);
    if (found == users_.end() || found->second.connections == 0) return;
    account& a = found->second;
    set(*found, a.connections - 1);
    if (lost) {
        ++a.losses;
        losses_.emplace_back(now, user);
    }
    if (a.empty()) users_.erase(found);
    forget_old(now);
}

std::vector<std::pair<std::uint64_t, std::uint32_t>> user_counts::most_connected(
    std::size_t most) const {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> found;
    for (const auto* user : several_.highest(most, [](const auto&) { return true; }))
        found.emplace_back(user->first, user->second.connections);
    std::size_t looked_at = 0;
    for (auto user = users_.begin(); user != users_.end() && found.size() < most; ++user) {
        if (++looked_at > most_looked_at) break;
        if (user->second.connections == 1) found.emplace_back(user->first, 1);
    }
    return found;
}

void user_counts::forget_old(time_point now) {
    while (!losses_.empty() &&
           (losses_.size() > max_losses || now - losses_.front().first > return_time)) {
        const auto found = users_.find(losses_.front().second);
        losses_.pop_front();
        account& a = found->second;  // there as long as one of its losses is
        --(a.repaired != 0 ? a.repaired : a.losses);
        if (a.empty()) users_.erase(found);
    }
}

}  // namespace chat_gateway::gateway
