// How many connections there are, for how long, and whose: asked of the shards a part at a time, so
// that no loop stands still for it, however many they are.
#include "ask_all.hpp"
#include "user_counts.hpp"

#include <chat_gateway/gateway/services.hpp>

#include <algorithm>
#include <utility>

namespace chat_gateway::gateway {

namespace {

/// Sockets that are looked at in one go: well below a millisecond.
constexpr std::size_t stats_step = 4096;

}  // namespace

struct services::stats_walk {
    std::size_t most_users;
    std::size_t shards_due;
    gateway_stats found;
    unique_function<void(gateway_stats)> done;
};

connection_stats& connection_stats::operator+=(const connection_stats& other) {
    connections += other.connections;
    websockets += other.websockets;
    open += other.open;
    longest = std::max(longest, other.longest);
    return *this;
}

void services::stats(std::size_t most_users, unique_function<void(gateway_stats)> done) {
    auto walk =
        std::make_shared<stats_walk>(stats_walk{most_users, shards_.size(), {}, std::move(done)});
    for (std::size_t shard = 0; shard < shards_.size(); ++shard)
        shards_[shard].loop->post([this, shard, walk] { walk_on(shard, 0, {}, walk); });
}

/// On the shard's loop. The next part waits for a timer, not in the mailbox: what a loop posts to
/// itself it does before it looks at its sockets again.
void services::walk_on(std::size_t shard, std::size_t from, connection_stats so_far,
                       std::shared_ptr<stats_walk> walk) {
    const auto next = shards_[shard].calls->add_stats(from, stats_step, so_far);
    if (!next) {
        return loop_.post([this, so_far, walk = std::move(walk)] {
            walk->found.all += so_far;
            if (--walk->shards_due == 0) name_users(walk);
        });
    }
    shards_[shard].loop->after({}, [this, shard, next, so_far, walk = std::move(walk)]() mutable {
        walk_on(shard, *next, so_far, std::move(walk));
    });
}

/// Users are counted by the hashes of their ids; the shards that they are on know the names.
void services::name_users(std::shared_ptr<stats_walk> walk) {
    walk->found.users = users_->user_count();
    std::vector<std::uint64_t> hashes;
    for (const auto& [hash, connections] : users_->most_connected(walk->most_users)) {
        hashes.push_back(hash);
        walk->found.most_connected.emplace_back("", connections);
    }
    ask_all<std::vector<std::string>>(
        [hashes = std::move(hashes)](shard_calls& calls) { return calls.users_of(hashes); },
        [walk](std::vector<std::vector<std::string>> answers) {
            auto& users = walk->found.most_connected;
            for (auto& names : answers) {
                for (std::size_t n = 0; n < names.size(); ++n) {
                    if (!names[n].empty()) users[n].first = std::move(names[n]);
                }
            }
            std::erase_if(users, [](const auto& user) { return user.first.empty(); });
            walk->done(std::move(walk->found));
        });
}

}  // namespace chat_gateway::gateway
