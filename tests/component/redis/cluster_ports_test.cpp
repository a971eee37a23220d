// The ports over a Redis Cluster keep to what they keep to over one server.
#include "cluster_backend.hpp"
#include "support/ports/message_bus_contract.hpp"
#include "support/ports/session_store_contract.hpp"

#include <chat_gateway/chat/ports/change_feed.hpp>

#include <algorithm>

namespace chat_gateway::tests {
namespace {

class cluster_bus_backend : public cluster_backend {
public:
    ~cluster_bus_backend() {
        if (away_) cluster.start();
    }
    chat::message_bus& node(std::size_t i) { return *nodes_.at(i); }
    void go_away() {
        away_ = true;
        cluster.stop();
        while (ask(*commands_, "k", {"GET", "k"}).has_value()) {
        }
    }
    void come_back() {
        cluster.start();
        away_ = false;
    }

protected:
    /// Nobody else's; the cluster is shared.
    static std::string prefix() {
        static int last = 0;
        return "bus[" + std::to_string(++last) + "]*";
    }
    std::shared_ptr<redis::client> commands_ = connect();
    std::array<std::unique_ptr<redis::bus>, 2> nodes_;

private:
    bool away_ = false;
};

template <bool RoomChannels>
class classic_cluster : public cluster_bus_backend {
public:
    static constexpr bool brings_all_rooms = false;
    static constexpr bool has_all_rooms = true;
    classic_cluster() {
        for (auto& node : nodes_) {
            node = redis::make_classic_bus(commands_,
                                           {.prefix = prefix_, .room_channels = RoomChannels});
        }
    }

private:
    std::string prefix_ = prefix();
};
INSTANTIATE_TYPED_TEST_SUITE_P(ClusterRooms, MessageBusContract, classic_cluster<true>);
INSTANTIATE_TYPED_TEST_SUITE_P(ClusterAll, MessageBusContract, classic_cluster<false>);

class sharded_cluster : public cluster_bus_backend {
public:
    static constexpr bool brings_all_rooms = false;
    static constexpr bool has_all_rooms = false;
    static constexpr bool one_order = false;
    sharded_cluster() {
        for (auto& node : nodes_)
            node = redis::make_sharded_bus(commands_, prefix_);
    }

private:
    std::string prefix_ = prefix();
};
INSTANTIATE_TYPED_TEST_SUITE_P(ClusterSharded, MessageBusContract, sharded_cluster);

class streams_cluster : public cluster_bus_backend {
public:
    static constexpr bool brings_all_rooms = true;
    static constexpr bool has_all_rooms = false;
    streams_cluster() {
        for (auto& node : nodes_)
            node = redis::make_streams_bus(loop, commands_, {.prefix = prefix_});
    }

private:
    std::string prefix_ = prefix();
};
INSTANTIATE_TYPED_TEST_SUITE_P(ClusterStreams, MessageBusContract, streams_cluster);

class cluster_store_backend : public cluster_backend {
public:
    ~cluster_store_backend() {
        if (away_) cluster.start();
    }
    chat::session_store& store() { return *store_; }
    void put(const std::string& id, const std::string& record) {
        const auto key = prefix_ + id;
        ASSERT_FALSE(ask(*commands_, key, {"SET", key, record})->is_error());
    }
    void put_expired(const std::string& id, const std::string& record) {
        const auto key = prefix_ + id;
        ASSERT_FALSE(ask(*commands_, key, {"SET", key, record, "PX", "1"})->is_error());
        while (ask(*commands_, key, {"EXISTS", key}).value().integer != 0) {
        }
    }
    void make_unavailable() {
        away_ = true;
        cluster.stop();
        while (ask(*commands_, "k", {"GET", "k"}).has_value()) {
        }
    }

private:
    static int next() {
        static int last = 0;
        return ++last;
    }
    std::string prefix_ = "sess" + std::to_string(next()) + ":";
    std::shared_ptr<redis::client> commands_ = connect();
    std::unique_ptr<chat::session_store> store_ = redis::make_session_store(commands_, prefix_);
    bool away_ = false;
};
INSTANTIATE_TYPED_TEST_SUITE_P(RedisCluster, SessionStoreContract, cluster_store_backend);

TEST(ClusterSessions, TheEndOfASessionIsToldByWhicheverNodeHasIt) {
    cluster_backend backend;
    for (std::size_t i = 0; i < redis_cluster::masters; ++i)
        ASSERT_EQ(backend.cluster.said(i, "CONFIG SET notify-keyspace-events Egxe"), "OK");
    const auto commands = backend.connect();
    const auto store = redis::make_session_store(commands, "name-");
    std::vector<std::string> gone;
    store->watch(
        {.gone = [&](const std::string& id) { gone.push_back("name-" + id); }, .missed = [] {}});
    for (std::size_t i = 0; i < redis_cluster::masters; ++i) {
        const auto key = name_at(i);
        // When it listens is not said: so it is repeated until it does.
        while (std::ranges::find(gone, key) == gone.end() && !::testing::Test::HasFailure()) {
            (void)backend.ask(*commands, key, {"SET", key, "{}"});
            (void)backend.ask(*commands, key, {"DEL", key});
        }
    }
    for (std::size_t i = 0; i < redis_cluster::masters; ++i)
        ASSERT_EQ(backend.cluster.said(i, "CONFIG SET notify-keyspace-events \"\""), "OK");
}

TEST(ClusterSessions, ALostConnectionToOneNodeIsSomethingMissed) {
    cluster_backend backend;
    const auto commands = backend.connect();
    const auto store = redis::make_session_store(commands, "sess:");
    int missed = 0;
    store->watch({.gone = [](const std::string&) {}, .missed = [&] { ++missed; }});
    for (std::size_t i = 0; i < redis_cluster::masters; ++i) {
        while (backend.cluster.said(i, "PUBSUB NUMPAT") == "0")
            backend.loop.run_for(std::chrono::milliseconds(5));
    }
    EXPECT_EQ(backend.cluster.said(2, "CLIENT KILL TYPE pubsub"), "1");
    backend.run_until([&] { return missed == 2; });  // lost, and there again
}

// The stream's slot moves while it is read: nothing is missed, nothing comes twice.
TEST(ClusterStream, IsReadOnWhereItHasMovedTo) {
    cluster_backend backend;
    const auto name = name_at(1);
    const auto commands = backend.connect();
    const auto bus = redis::make_streams_bus(backend.loop, commands, {.prefix = name});
    std::vector<std::string> received;
    int gaps = 0;
    bus->start({.messages =
                    [&](std::vector<socketio::cluster::message> batch) {
                        for (auto& m : batch)
                            received.push_back(std::move(m.packet));
                    },
                .gap = [&] { ++gaps; },
                .request = [](auto) {},
                .response = [](auto) {}});
    bool subscribed = false;
    bus->subscribe({"r"}, [&](result<> r) { subscribed = r.has_value(); });
    backend.run_until([&] { return subscribed; });
    std::vector<std::string> expected;
    std::size_t at = 1;
    for (int i = 0; i < 40; ++i) {
        const auto m = room_message({"r"}, std::to_string(i));
        expected.push_back(m.packet);
        bool published = false;
        bus->publish({m}, [&](result<> r) { published = r.has_value(); });
        backend.run_until([&] { return published; });
        if (i % 10 == 5) {
            const std::size_t to = at == 1 ? 2 : 1;
            backend.cluster.begin_move(redis::slot_of(name), at, to);
            backend.cluster.move_key(name, at, to);
            backend.cluster.end_move(redis::slot_of(name), at, to);
            at = to;
        }
    }
    backend.run_until([&] { return received.size() >= expected.size(); });
    EXPECT_EQ(received, expected);
    EXPECT_EQ(gaps, 0);
    ASSERT_EQ(at, 1U);
}

TEST(ClusterChangeSink, WhatItPublishesIsHeardAndItsMarkKept) {
    cluster_backend backend;
    const auto prefix = name_at(0);
    const auto commands = backend.connect(name_at(1));  // the bus listens at another node
    const auto bus = redis::make_classic_bus(commands, {.prefix = prefix});
    const auto sink = redis::make_classic_change_sink(commands, prefix);
    std::vector<std::string> received;
    bus->start({.messages =
                    [&](std::vector<socketio::cluster::message> batch) {
                        for (auto& m : batch)
                            received.push_back(std::move(m.packet));
                    },
                .gap = [] {},
                .request = [](auto) {},
                .response = [](auto) {}});
    bool subscribed = false;
    bus->subscribe({"r"}, [&](result<> r) { subscribed = r.has_value(); });
    backend.run_until([&] { return subscribed; });
    std::vector<std::string> expected;
    for (std::uint64_t mark = 0; mark < 20; ++mark) {
        const auto m = room_message({"r"}, std::to_string(mark));
        expected.push_back(m.packet);
        std::optional<result<>> done;
        sink->publish_marked({m}, mark, mark + 1, [&](result<> r) { done = r; });
        backend.run_until([&] { return done.has_value(); });
        ASSERT_TRUE(done->has_value());
    }
    backend.run_until([&] { return received.size() >= expected.size(); });
    EXPECT_EQ(received, expected);
    std::optional<result<std::uint64_t>> mark;
    sink->last_mark([&](result<std::uint64_t> r) { mark = r; });
    backend.run_until([&] { return mark.has_value(); });
    EXPECT_EQ(mark->value(), 20U);
}

TEST(ClusterChangeSink, OnTheStreamsItsMarkIsInTheSlotOfTheStream) {
    for (const std::size_t node : {0, 1, 2}) {
        cluster_backend backend;
        const auto prefix = name_at(node);
        const auto sink =
            redis::make_streams_change_sink(backend.connect(name_at(1)), {.prefix = prefix});
        std::optional<result<>> done;
        sink->publish_marked({room_message({"r"}, "x"), room_message({"r"}, "y")}, 0, 7,
                             [&](result<> r) { done = r; });
        backend.run_until([&] { return done.has_value(); });
        EXPECT_TRUE(done->has_value()) << prefix;
        std::optional<result<std::uint64_t>> mark;
        sink->last_mark([&](result<std::uint64_t> r) { mark = r; });
        backend.run_until([&] { return mark.has_value(); });
        EXPECT_EQ(mark->value(), 7U) << prefix;
    }
}

}  // namespace
}  // namespace chat_gateway::tests
