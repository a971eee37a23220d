#include "cluster_backend.hpp"

#include <algorithm>

namespace chat_gateway::tests {
namespace {

TEST(ClusterClient, EachKeyIsWrittenAndReadAtItsNode) {
    cluster_backend backend;
    const auto c = backend.connect();
    for (std::size_t i = 0; i < redis_cluster::masters; ++i) {
        const auto key = name_at(i);
        EXPECT_EQ(backend.ask(*c, key, {"SET", key, "v" + key})->text, "OK");
        EXPECT_EQ(backend.cluster.said(i, "GET " + key), "v" + key);
        EXPECT_EQ(backend.ask(*c, key, {"GET", key})->text, "v" + key);
    }
}

TEST(ClusterClient, OneLivingSeedIsEnough) {
    cluster_backend backend;
    auto seeds = backend.seeds();
    seeds[0].port = std::to_string(redis_server::free_port());
    seeds[2].host = "127.0.0.1";
    seeds[2].port = std::to_string(redis_server::free_port());
    const auto c = backend.connect(seeds, "home");
    const auto key = name_at(2);
    EXPECT_EQ(backend.ask(*c, key, {"SET", key, "v"})->text, "OK");
}

TEST(ClusterClient, WithoutAnySeedCommandsFail) {
    cluster_backend backend;
    auto seeds = backend.seeds();
    for (auto& seed : seeds)
        seed.port = std::to_string(redis_server::free_port());
    const auto c = backend.connect(seeds, "home");
    EXPECT_EQ(backend.ask(*c, "k", {"GET", "k"}).error(), errc::unavailable);
    EXPECT_EQ(backend.ask(*c, "k", {"GET", "k"}).error(), errc::unavailable);
}

TEST(ClusterClient, CommandsWithoutAKeyGoToTheHomeNode) {
    cluster_backend backend;
    for (std::size_t i = 0; i < redis_cluster::masters; ++i) {
        const auto c = backend.connect(name_at(i));
        std::optional<result<redis::reply>> id;
        c->execute({"CLUSTER", "MYID"}, [&](result<redis::reply> r) { id = std::move(r); });
        backend.run_until([&] { return id.has_value(); });
        EXPECT_EQ((*id)->text, backend.cluster.id(i));
    }
}

TEST(ClusterClient, AsksEachMaster) {
    cluster_backend backend;
    const auto c = backend.connect();
    ASSERT_TRUE(backend.ask(*c, "k", {"GET", "k"}).has_value());
    std::optional<result<std::vector<redis::reply>>> answers;
    c->execute_on_masters({"CLUSTER", "MYID"}, [&](auto r) { answers = std::move(r); });
    backend.run_until([&] { return answers.has_value(); });
    std::vector<std::string> ids;
    for (const auto& one : answers->value())
        ids.push_back(one.text);
    std::vector<std::string> expected;
    for (std::size_t i = 0; i < redis_cluster::masters; ++i)
        expected.push_back(backend.cluster.id(i));
    std::ranges::sort(ids);
    std::ranges::sort(expected);
    EXPECT_EQ(ids, expected);
}

TEST(ClusterClient, FollowsASlotThatHasMoved) {
    cluster_backend backend;
    const auto c = backend.connect();
    const auto key = name_at(0);
    const auto slot = redis::slot_of(key);
    ASSERT_FALSE(backend.ask(*c, key, {"GET", key})->is_error());
    backend.cluster.move(slot, 0, 2);
    EXPECT_EQ(backend.ask(*c, key, {"SET", key, "moved"})->text, "OK");
    EXPECT_EQ(backend.cluster.said(2, "GET " + key), "moved");
    EXPECT_EQ(backend.ask(*c, key, {"DEL", key})->integer, 1);
    backend.cluster.move(slot, 2, 0);
    EXPECT_FALSE(backend.ask(*c, key, {"GET", key})->is_error());
}

TEST(ClusterClient, AsksTheOtherNodeWhileASlotMoves) {
    cluster_backend backend;
    const auto c = backend.connect();
    const auto stays = name_at(1);
    const auto goes = "{" + stays + "} goes";
    const auto slot = redis::slot_of(stays);
    ASSERT_EQ(backend.ask(*c, stays, {"SET", stays, "1"})->text, "OK");
    backend.cluster.begin_move(slot, 1, 0);
    // What node 1 has it serves itself, what it has not is at node 0 if anywhere.
    EXPECT_EQ(backend.ask(*c, goes, {"SET", goes, "2"})->text, "OK");
    EXPECT_EQ(backend.ask(*c, stays, {"GET", stays})->text, "1");
    EXPECT_EQ(backend.ask(*c, goes, {"GET", goes})->text, "2");
    EXPECT_EQ(backend.cluster.said(1, "DBSIZE") == "0", false);
    backend.cluster.move_key(stays, 1, 0);
    backend.cluster.end_move(slot, 1, 0);
    EXPECT_EQ(backend.ask(*c, stays, {"GET", stays})->text, "1");
    EXPECT_EQ(backend.ask(*c, goes, {"GET", goes})->text, "2");
    ASSERT_EQ(backend.ask(*c, stays, {"DEL", stays, goes})->integer, 2);
    backend.cluster.move(slot, 0, 1);
}

TEST(ClusterClient, KeepsTheOrderWhileASlotMovesToAndFro) {
    cluster_backend backend;
    const auto c = backend.connect();
    const auto key = name_at(0);
    const auto slot = redis::slot_of(key);
    constexpr int total = 20'000;
    int sent = 0;
    int answered = 0;
    int failed = 0;
    std::size_t at = 0;
    while (sent < total) {
        for (int i = 0; i < 400; ++i, ++sent) {
            c->execute_at(key, {"RPUSH", key, std::to_string(sent)}, [&](result<redis::reply> r) {
                ++answered;
                if (!r || r->is_error()) ++failed;
            });
        }
        backend.loop.restart();
        backend.loop.run_for(std::chrono::milliseconds(2));
        if (sent % 4000 == 0) {
            const std::size_t to = at == 0 ? 1 : 0;
            backend.cluster.begin_move(slot, at, to);
            if (backend.cluster.said(at, "EXISTS " + key) == "1")
                backend.cluster.move_key(key, at, to);
            backend.cluster.end_move(slot, at, to);
            at = to;
        }
    }
    backend.run_until([&] { return answered == total; });
    EXPECT_EQ(failed, 0);
    const auto list = backend.ask(*c, key, {"LRANGE", key, "0", "-1"});
    ASSERT_EQ(list->elements.size(), static_cast<std::size_t>(total));
    for (int i = 0; i < total; ++i)
        ASSERT_EQ(list->elements[static_cast<std::size_t>(i)].text, std::to_string(i));
    ASSERT_EQ(backend.ask(*c, key, {"DEL", key})->integer, 1);
    if (at != 0) backend.cluster.move(slot, at, 0);
}

// A master that dies for good, without replica: its slots are out of service, the others are not
// hindered beyond what the cluster itself does.
TEST(ClusterClient, AKilledMasterFailsAtOnceAndIsServedWhenItIsBack) {
    redis_cluster cluster(false, {"--cluster-require-full-coverage", "no"});
    cluster_backend backend(cluster);
    const auto c = backend.connect(name_at(1));
    const auto there = name_at(0);
    const auto dead = name_at(1);
    ASSERT_FALSE(backend.ask(*c, dead, {"GET", dead})->is_error());
    ASSERT_FALSE(backend.ask(*c, there, {"GET", there})->is_error());
    cluster.node(1).stop();
    while (backend.ask(*c, dead, {"GET", dead}).has_value()) {
    }
    EXPECT_EQ(backend.ask(*c, dead, {"GET", dead}).error(), errc::unavailable);
    EXPECT_EQ(backend.ask(*c, there, {"SET", there, "v"})->text, "OK");
    // The home node is gone; another one takes its place.
    std::optional<result<>> pinged;
    redis::ping(*c, [&](result<> r) { pinged = r; });
    backend.run_until([&] { return pinged.has_value(); });
    EXPECT_TRUE(pinged->has_value());
    EXPECT_EQ(backend.sum(*c, {"PUBSUB", "NUMSUB", "channel"}), 0U);
    cluster.node(1).start();
    backend.wait_until_served(*c, dead);
}

TEST(ClusterClient, AReplicaTakesOver) {
    redis_cluster cluster(true);
    cluster_backend backend(cluster);
    const auto c = backend.connect();
    const auto key = name_at(0);
    ASSERT_EQ(backend.ask(*c, key, {"SET", key, "kept"})->text, "OK");
    ASSERT_EQ(backend.ask(*c, key, {"WAIT", "1", "5000"})->integer, 1);
    cluster.node(0).stop();
    backend.wait_until_served(*c, key);
    EXPECT_EQ(backend.ask(*c, key, {"GET", key})->text, "kept");
    EXPECT_TRUE(cluster.said(3, "ROLE").starts_with("master"));
}

TEST(ClusterClient, EncryptsToAllNodes) {
    const tls_certificates certificates;
    redis_cluster cluster(false, {}, &certificates);
    cluster_backend backend(cluster);
    auto seeds = backend.seeds();
    for (std::size_t i = 0; i < seeds.size(); ++i) {
        seeds[i].port = cluster.tls_port(i);
        seeds[i].tls = true;
        seeds[i].ca_file = certificates.file("ca.pem");
    }
    const auto c = backend.connect(seeds, "home");
    const auto listener = c->make_listener({.sharded = true});
    std::vector<std::string> heard;
    listener->start(
        [&](std::span<const redis::published> batch) {
            for (const auto& p : batch)
                heard.emplace_back(p.payload);
        },
        [] {});
    std::vector<std::string> names;
    for (std::size_t i = 0; i < redis_cluster::masters; ++i)
        names.push_back(name_at(i));
    bool subscribed = false;
    listener->subscribe(names, [&](result<> r) { subscribed = r.has_value(); });
    backend.run_until([&] { return subscribed; });
    for (const auto& name : names) {
        EXPECT_EQ(backend.ask(*c, name, {"SET", name, "v"})->text, "OK");
        EXPECT_EQ(backend.ask(*c, name, {"SPUBLISH", name, name})->integer, 1);
    }
    backend.run_until([&] { return heard.size() == names.size(); });
    listener->stop();
    for (std::size_t i = 0; i < redis_cluster::masters; ++i)
        EXPECT_EQ(cluster.said(i, "GET " + names[i]), "v");
}

TEST(ClusterClient, AsksEachNodeForThePassword) {
    redis_cluster cluster(false, {"--user", "gate", "on", ">secret", "~*", "&*", "+@all"});
    cluster_backend backend(cluster);
    auto seeds = backend.seeds();
    for (auto& seed : seeds) {
        seed.user = "gate";
        seed.password = "secret";
    }
    const auto c = backend.connect(seeds, "home");
    for (std::size_t i = 0; i < redis_cluster::masters; ++i)
        EXPECT_EQ(backend.ask(*c, name_at(i), {"ACL", "WHOAMI"})->text, "gate");
}

}  // namespace
}  // namespace chat_gateway::tests
