// Sharded channels of a Redis Cluster: cluster_listener, through the client that makes it.
#include "cluster_backend.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <map>
#include <set>

namespace chat_gateway::tests {
namespace {

using ::testing::ElementsAre;
using namespace std::chrono_literals;

/// A client, and a listener to sharded channels.
class sharded_world : public cluster_backend {
public:
    explicit sharded_world(redis_cluster& c = shared_cluster(),
                           redis::listener_options o = {.sharded = true})
        : cluster_backend(c), listener(client->make_listener(std::move(o))) {
        listener->start(
            [this](std::span<const redis::published> batch) {
                for (const auto& p : batch)
                    heard.push_back(std::string(p.channel) + '=' + std::string(p.payload));
            },
            [this] { ++gaps; });
    }
    ~sharded_world() { listener->stop(); }

    void subscribe(std::vector<std::string> channels) {
        std::optional<result<>> answer;
        listener->subscribe(std::move(channels), [&](result<> r) { answer = r; });
        run_until([&] { return answer.has_value(); });
        ASSERT_TRUE(answer && answer->has_value());
    }
    /// How many got it.
    std::int64_t publish(const std::string& channel, const std::string& text) {
        const auto answer = ask(*client, channel, {"SPUBLISH", channel, text});
        return answer && !answer->is_error() ? answer->integer : -1;
    }
    std::size_t subscribers(const std::string& channel) {
        return sum(*client, {"PUBSUB", "SHARDNUMSUB", channel});
    }

    std::shared_ptr<redis::client> client = connect();
    std::shared_ptr<redis::channel_listener> listener;
    std::vector<std::string> heard;
    int gaps = 0;
};

TEST(ClusterListener, HearsChannelsOfAllNodes) {
    sharded_world world;
    std::vector<std::string> names;
    std::vector<std::string> expected;
    for (std::size_t i = 0; i < redis_cluster::masters; ++i) {
        names.push_back(name_at(i));
        expected.push_back(names.back() + "=" + std::to_string(i));
    }
    world.subscribe(names);
    for (std::size_t i = 0; i < names.size(); ++i) {
        EXPECT_EQ(world.publish(names[i], std::to_string(i)), 1);
        world.run_until([&] { return world.heard.size() == i + 1; });
        EXPECT_EQ(world.subscribers(names[i]), 1U);
    }
    EXPECT_EQ(world.heard, expected);
    EXPECT_EQ(world.gaps, 0);
    EXPECT_TRUE(world.listener->is_up());
}

TEST(ClusterListener, LeavesAndJoinsAgain) {
    sharded_world world;
    const auto stays = name_at(0);
    const auto goes = name_at(1);
    world.subscribe({stays, goes});
    world.listener->unsubscribe({goes});
    world.subscribe({});
    EXPECT_EQ(world.subscribers(goes), 0U);
    EXPECT_EQ(world.subscribers(stays), 1U);
    world.subscribe({goes});
    EXPECT_EQ(world.publish(goes, "back"), 1);
    world.run_until([&] { return !world.heard.empty(); });
    EXPECT_THAT(world.heard, ElementsAre(goes + "=back"));
}

TEST(ClusterListener, FollowsASlotThatMoves) {
    sharded_world world;
    const auto channel = name_at(0);
    const auto other = name_at(1);
    world.subscribe({channel, other});
    world.cluster.move(redis::slot_of(channel), 0, 2);
    // Lost, and there again.
    world.run_until([&] { return world.gaps == 2; });
    EXPECT_EQ(world.publish(channel, "moved"), 1);
    EXPECT_EQ(world.subscribers(channel), 1U) << "and nowhere else";
    EXPECT_EQ(world.publish(other, "stayed"), 1);
    world.run_until([&] { return world.heard.size() == 2; });
    EXPECT_THAT(world.heard,
                ::testing::UnorderedElementsAre(channel + "=moved", other + "=stayed"));
    world.cluster.move(redis::slot_of(channel), 2, 0);
    world.run_until([&] { return world.gaps == 4; });
    EXPECT_EQ(world.publish(channel, "home"), 1);
}

// A client whose own map is old: it learns of the move by what it is refused.
TEST(ClusterListener, SubscribesWhereASlotHasMovedTo) {
    sharded_world world;
    const auto channel = name_at(0);
    world.subscribe({name_at(0), name_at(1), name_at(2)});
    world.cluster.move(redis::slot_of(channel), 0, 1);
    world.subscribe({channel});
    EXPECT_EQ(world.publish(channel, "x"), 1);
    world.run_until([&] { return !world.heard.empty(); });
    world.cluster.move(redis::slot_of(channel), 1, 0);
}

TEST(ClusterListener, ALostConnectionIsAGapUntilAllIsInForceAgain) {
    sharded_world world;
    std::vector<std::string> channels;
    for (int i = 0; i < 500; ++i) {
        for (std::size_t n = 0; n < redis_cluster::masters; ++n)
            channels.push_back(name_at(n));
    }
    world.subscribe(channels);
    EXPECT_EQ(world.cluster.said(1, "CLIENT KILL TYPE pubsub"), "1");
    world.run_until([&] { return world.gaps == 1; });
    EXPECT_FALSE(world.listener->is_up());
    world.run_until([&] { return world.gaps == 2; });
    EXPECT_TRUE(world.listener->is_up());
    EXPECT_EQ(world.listener->reconnects(), 1U);
    for (const auto& channel : channels)
        ASSERT_EQ(world.publish(channel, ""), 1) << channel;
    world.run_until([&] { return world.heard.size() == channels.size(); });
}

TEST(ClusterListener, PausedItReadsNothing) {
    sharded_world world;
    const auto channel = name_at(2);
    world.subscribe({channel});
    world.listener->pause(true);
    EXPECT_EQ(world.publish(channel, "0"), 1);
    world.run_until([&] { return world.heard.size() == 1; });  // that read had begun
    EXPECT_EQ(world.publish(channel, "1"), 1);
    EXPECT_EQ(world.publish(channel, "2"), 1);
    world.loop.poll();
    EXPECT_EQ(world.heard.size(), 1U);
    world.listener->pause(false);
    world.run_until([&] { return world.heard.size() == 3; });
    EXPECT_THAT(world.heard, ElementsAre(channel + "=0", channel + "=1", channel + "=2"));
}

// Slots move while messages flow. What is published while a channel is at no node is missed, and
// said to be; nothing comes twice or out of order.
TEST(ClusterListener, NothingIsDoubledOrReorderedWhileSlotsMove) {
    sharded_world world;
    std::vector<std::string> channels;
    for (int i = 0; i < 6; ++i)
        channels.push_back(name_at(0));
    world.subscribe(channels);
    int published = 0;
    int unheard = 0;  // says Redis
    int answered = 0;
    std::size_t at = 0;
    for (int round = 0; round < 8; ++round) {
        for (int i = 0; i < 300; ++i) {
            const auto& channel = channels[static_cast<std::size_t>(published) % channels.size()];
            world.client->execute_at(channel, {"SPUBLISH", channel, std::to_string(published)},
                                     [&](result<redis::reply> r) {
                                         ++answered;
                                         if (!r || r->integer == 0) ++unheard;
                                     });
            ++published;
            if (i % 20 == 0) world.loop.poll();
            if (i == 150) {
                const std::size_t to = at == 0 ? 1 : 0;
                for (const auto& channel_of_slot : channels)
                    world.cluster.move(redis::slot_of(channel_of_slot), at, to);
                at = to;
            }
        }
    }
    world.run_until([&] { return answered == published; });
    const auto expected = static_cast<std::size_t>(published - unheard);
    world.run_until([&] { return world.heard.size() >= expected; });
    world.subscribe({});
    EXPECT_EQ(world.heard.size(), expected);
    std::map<std::string, int> last;
    for (const auto& message : world.heard) {
        const auto equals = message.find('=');
        const int n = std::stoi(message.substr(equals + 1));
        const auto [it, first] = last.try_emplace(message.substr(0, equals), n);
        EXPECT_TRUE(first || n > it->second) << message << " after " << it->second;
        it->second = n;
    }
    EXPECT_GE(world.gaps, 2);
    for (const auto& channel : channels)
        EXPECT_EQ(world.publish(channel, "end"), 1);
    if (at != 0) {
        for (const auto& channel : channels)
            world.cluster.move(redis::slot_of(channel), at, 0);
    }
}

TEST(ClusterListener, AReplicaTakesOver) {
    redis_cluster cluster(true);
    sharded_world world(cluster);
    const auto channel = name_at(0);
    const auto other = name_at(1);
    world.subscribe({channel, other});
    cluster.node(0).stop();
    world.run_until([&] { return world.gaps == 1; });
    EXPECT_EQ(world.publish(other, "meanwhile"), 1);
    world.run_until([&] { return world.gaps == 2; });
    EXPECT_EQ(world.publish(channel, "new master"), 1);
    world.run_until([&] { return world.heard.size() == 2; });
    EXPECT_THAT(world.heard, ElementsAre(other + "=meanwhile", channel + "=new master"));
    cluster.wait_until_master(3);
}

// It holds its connections and says nothing, as a machine that is out of reach.
TEST(ClusterListener, AFrozenMasterIsReplacedToo) {
    redis_cluster cluster(true);
    sharded_world world(cluster, {.ping_interval = 500ms, .sharded = true});
    const auto channel = name_at(2);
    world.subscribe({channel, name_at(0)});
    cluster.node(2).freeze();
    world.run_until([&] { return world.gaps == 2; });
    EXPECT_EQ(world.publish(channel, "new master"), 1);
    cluster.node(2).thaw();
    world.run_until([&] { return !world.heard.empty(); });
    EXPECT_THAT(world.heard, ElementsAre(channel + "=new master"));
}

class roaming_world : public cluster_backend {
public:
    explicit roaming_world(redis_cluster& c, const std::string& home)
        : cluster_backend(c), client(connect(home)), listener(client->make_listener({})) {
        listener->start(
            [this](std::span<const redis::published> batch) {
                for (const auto& p : batch)
                    heard.emplace_back(p.payload);
            },
            [this] { ++gaps; });
        listener->subscribe({"news"}, [this](result<>) { ++confirmed; });
        run_until([&] { return confirmed == 1; });
    }
    ~roaming_world() { listener->stop(); }

    /// By which node.
    std::size_t at(std::size_t other_than = 99) {
        for (std::size_t i = 0; i < cluster.size(); ++i) {
            if (i != other_than &&
                cluster.said(i, "CLIENT LIST TYPE pubsub").find("sub=1") != std::string::npos)
                return i;
        }
        return 99;
    }
    void publish(const std::string& text) {
        client->execute({"PUBLISH", "news", text}, [](const result<redis::reply>&) {});
    }

    std::shared_ptr<redis::client> client;
    std::shared_ptr<redis::channel_listener> listener;
    std::vector<std::string> heard;
    int confirmed = 0;
    int gaps = 0;
};

TEST(RoamingListener, HearsAtItsHomeWhatIsPublishedAtAnyNode) {
    roaming_world world(shared_cluster(), name_at(1));
    EXPECT_EQ(world.at(), 1U);
    EXPECT_EQ(world.cluster.said(0, "PUBLISH news 0"), "0") << "its subscribers are elsewhere";
    world.run_until([&] { return world.heard.size() == 1; });
    EXPECT_EQ(world.cluster.said(1, "PUBLISH news 1"), "1");
    world.run_until([&] { return world.heard.size() == 2; });
    EXPECT_EQ(world.sum(*world.client, {"PUBSUB", "NUMSUB", "news"}), 1U);
    world.publish("2");
    world.run_until([&] { return world.heard.size() == 3; });
    EXPECT_THAT(world.heard, ElementsAre("0", "1", "2"));
}

TEST(RoamingListener, MovesToAnotherNodeWhenItsOwnDies) {
    redis_cluster cluster;
    roaming_world world(cluster, name_at(1));
    ASSERT_EQ(world.at(), 1U);
    cluster.node(1).stop();
    world.run_until([&] { return world.gaps == 2; });
    EXPECT_EQ(world.listener->reconnects(), 1U);
    // What is published before the client has noticed that the node is gone fails.
    int published = 0;
    world.run_until([&] {
        world.publish(std::to_string(published++));
        return world.heard.size() >= 100;
    });
    EXPECT_TRUE(std::ranges::is_sorted(world.heard, {},
                                       [](const std::string& text) { return std::stoi(text); }));
    EXPECT_EQ(world.sum(*world.client, {"PUBSUB", "NUMSUB", "news"}), 1U);
}

TEST(RoamingListener, LeavesANodeThatIsNoMasterAnyMore) {
    redis_cluster cluster(true);
    roaming_world world(cluster, name_at(0));
    ASSERT_EQ(world.at(), 0U);
    EXPECT_EQ(cluster.said(3, "CLUSTER FAILOVER"), "OK");
    cluster.wait_until_master(3);
    // Nothing tells the listener so; the client's map does, when something is asked for.
    const auto key = name_at(0);
    world.wait_until_served(*world.client, key);
    world.run_until([&] { return world.gaps == 2; });
    EXPECT_NE(world.at(), 0U);
    world.publish("here");
    world.run_until([&] { return !world.heard.empty(); });
}

}  // namespace
}  // namespace chat_gateway::tests
