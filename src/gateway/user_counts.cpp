#include "user_counts.hpp"

#include <algorithm>
#include <bit>

namespace chat_gateway::gateway {
namespace {

/// Of a user with that many connections: 1, 2 or 3, 4 to 7, 8 to 15, more.
metric bin_of(std::uint32_t connections) {
    const int bin = std::min(static_cast<int>(std::bit_width(connections)) - 1, 4);
    return static_cast<metric>(static_cast<int>(metric::users_1) + bin);
}
static_assert(static_cast<int>(metric::users_16) - static_cast<int>(metric::users_1) == 4);

}  // namespace

void user_counts::move(std::uint32_t from, std::uint32_t to) {
    if (from != 0) counts_.subtract(bin_of(from));
    if (to != 0) counts_.add(bin_of(to));
}

void user_counts::enter(std::uint64_t user, time_point now) {
    forget_old(now);
    account& a = users_[user];
    move(a.connections, a.connections + 1);
    ++a.connections;
    if (a.losses == 0) return;
    --a.losses;
    ++a.repaired;
    counts_.add(metric::reconnections);
}

void user_counts::leave(std::uint64_t user, bool lost, time_point now) {
    const auto found = users_.find(user);
    if (found == users_.end() || found->second.connections == 0) return;
    account& a = found->second;
    move(a.connections, a.connections - 1);
    --a.connections;
    if (lost) {
        ++a.losses;
        losses_.emplace_back(now, user);
    }
    if (a.empty()) users_.erase(found);
    forget_old(now);
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
