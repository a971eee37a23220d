#include "support/fake_bus.hpp"
#include "support/manual_scheduler.hpp"

#include <chat_gateway/gateway/cluster.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::gateway {
namespace {

using namespace std::chrono_literals;
using socketio::cluster::answers;
using socketio::cluster::request;
using socketio::cluster::request_kind;
using socketio::cluster::response;
using socketio::cluster::response_kind;

class ClusterTest : public ::testing::Test {
protected:
    ClusterTest() {
        bus.start({.request = [this](request r) { under_test.on_request(std::move(r)); },
                   .response = [this](response r) { under_test.on_response(std::move(r)); }});
    }
    /// What the shards were asked last, and their answers.
    void shards_answer(const std::vector<response>& parts) {
        ASSERT_EQ(asked.size(), parts.size());
        auto all = std::exchange(asked, {});
        for (std::size_t i = 0; i < parts.size(); ++i)
            all[i]->answer(parts[i]);
    }
    void ask(request r) {
        under_test.ask(std::move(r), [this](result<answers> a) { outcome.emplace(std::move(a)); });
        timers.advance(0ms);
    }

    tests::manual_scheduler timers;
    tests::fake_bus bus{timers};
    metrics figures;
    metrics_block& counts = figures.make_block();
    std::vector<std::shared_ptr<shard_request>> asked;
    cluster under_test{timers, bus, counts, 2,
                       [this](unsigned, auto r) { asked.push_back(std::move(r)); }};
    std::optional<result<answers>> outcome;
};

TEST_F(ClusterTest, AnswersForAllOfItsShardsAtOnce) {
    bus.inject(request{.kind = request_kind::all_rooms, .from = "peer", .id = "q"});
    EXPECT_TRUE(bus.answered.empty());
    shards_answer({{.kind = response_kind::rooms, .names = {"a", "b"}},
                   {.kind = response_kind::rooms, .names = {"b", "c"}}});
    ASSERT_EQ(bus.answered.size(), 1U);
    EXPECT_EQ(bus.answered[0].id, "q");
    EXPECT_EQ(bus.answered[0].names, (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(ClusterTest, AnswersNothingToWhoDoesNotAsk) {
    bus.inject(request{.kind = request_kind::join, .rooms = {"a"}});
    shards_answer({{}, {}});
    EXPECT_TRUE(bus.answered.empty());
}

TEST_F(ClusterTest, WhatIsTheGatewaysOwnIsNotForTheShards) {
    under_test.serve([](const request& r, unique_function<void(response)>& answer) {
        if (r.to.rooms != std::vector<std::string>{"own"}) return false;
        answer({.kind = response_kind::fetched, .fetched = {{.id = "whole"}}});
        return true;
    });
    bus.inject(request{.from = "peer", .id = "q", .to = {.rooms = {"own"}}});
    EXPECT_TRUE(asked.empty());
    ASSERT_EQ(bus.answered.size(), 1U);
    EXPECT_EQ(bus.answered[0].fetched.front().id, "whole");
    bus.inject(request{.from = "peer", .id = "q", .to = {.rooms = {"other"}}});
    EXPECT_EQ(asked.size(), 2U);
    bus.others = 1;
    ask(request{.to = {.rooms = {"own"}}});
    EXPECT_EQ(asked.size(), 2U) << "asked by this node itself";
    bus.inject(response{.kind = response_kind::fetched, .id = bus.asked.front().id});
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ((*outcome)->responses.size(), 2U);
}

TEST_F(ClusterTest, AnOldPeersJoinIsAnswered) {
    bus.inject(request{.kind = request_kind::join, .from = "peer", .id = "q", .rooms = {"a"}});
    shards_answer({{}, {}});
    ASSERT_EQ(bus.answered.size(), 1U);
    EXPECT_EQ(bus.answered[0].kind, response_kind::done);
}

TEST_F(ClusterTest, OtherNamespacesHaveNobodyHere) {
    bus.inject(request{.kind = request_kind::disconnect, .nsp = "/admin", .close = true});
    EXPECT_TRUE(asked.empty());
}

TEST_F(ClusterTest, AnswersServersEventsSinceTheCallerCountsOnIt) {
    bus.inject(request{
        .kind = request_kind::server_side_emit, .from = "peer", .id = "q", .data = R"(["e"])"});
    ASSERT_EQ(bus.answered.size(), 1U);
    EXPECT_EQ(bus.answered[0].kind, response_kind::server_side);
    EXPECT_EQ(bus.answered[0].data, "null");
    bus.inject(request{.kind = request_kind::server_side_emit, .data = R"(["e"])"});
    EXPECT_EQ(bus.answered.size(), 1U);
    EXPECT_TRUE(asked.empty());
}

TEST_F(ClusterTest, AcksPassAndCountsAreSummed) {
    bus.inject(request{.kind = request_kind::broadcast, .from = "peer", .id = "q"});
    ASSERT_EQ(asked.size(), 2U);
    asked[0]->answer({.kind = response_kind::client_count, .count = 2});
    asked[0]->answer({.kind = response_kind::client_ack, .data = "1"});
    ASSERT_EQ(bus.answered.size(), 1U);
    EXPECT_EQ(bus.answered[0].kind, response_kind::client_ack);
    asked[1]->answer({.kind = response_kind::client_count, .count = 1});
    ASSERT_EQ(bus.answered.size(), 2U);
    EXPECT_EQ(bus.answered[1].kind, response_kind::client_count);
    EXPECT_EQ(bus.answered[1].count, 3U);
}

TEST_F(ClusterTest, AsksItselfAndTheOthers) {
    bus.others = 1;
    ask({.kind = request_kind::fetch_sockets});
    ASSERT_EQ(bus.asked.size(), 1U);
    const std::string id = bus.asked[0].id;
    EXPECT_FALSE(id.empty());
    shards_answer({{.kind = response_kind::fetched, .fetched = {{.id = "s1"}}},
                   {.kind = response_kind::fetched, .fetched = {{.id = "s2"}}}});
    EXPECT_FALSE(outcome);
    bus.inject(response{.kind = response_kind::fetched, .id = id, .fetched = {{.id = "s3"}}});
    ASSERT_TRUE(outcome && *outcome);
    std::vector<std::string> ids;
    for (const auto& r : (*outcome)->responses) {
        for (const auto& s : r.fetched)
            ids.push_back(s.id);
    }
    EXPECT_EQ(ids, (std::vector<std::string>{"s1", "s2", "s3"}));
    EXPECT_EQ((*outcome)->missing, 0U);
}

TEST_F(ClusterTest, AloneItAsksOnlyItself) {
    ask({.kind = request_kind::all_rooms});
    EXPECT_TRUE(bus.asked.empty());
    shards_answer({{.kind = response_kind::rooms}, {.kind = response_kind::rooms}});
    EXPECT_TRUE(outcome && *outcome);
}

TEST_F(ClusterTest, ANodeThatIsSilentIsCountedAsMissing) {
    bus.others = 2;
    ask({.kind = request_kind::all_rooms});
    shards_answer({{.kind = response_kind::rooms}, {.kind = response_kind::rooms}});
    timers.advance(cluster::patience - 1ms);
    EXPECT_FALSE(outcome);
    timers.advance(1ms);
    ASSERT_TRUE(outcome && *outcome);
    EXPECT_EQ((*outcome)->responses.size(), 1U);
    EXPECT_EQ((*outcome)->missing, 2U);
    EXPECT_EQ(counts.load(metric::cluster_answers_missing), 2U);
}

TEST_F(ClusterTest, AnEventForServersIsForTheOthersOnly) {
    bus.others = 1;
    ask({.kind = request_kind::server_side_emit, .data = R"(["e"])"});
    EXPECT_TRUE(asked.empty());
    bus.inject(response{.kind = response_kind::server_side, .id = bus.asked.at(0).id, .data = "7"});
    ASSERT_TRUE(outcome && *outcome);
    EXPECT_EQ((*outcome)->responses.at(0).data, "7");
}

TEST_F(ClusterTest, WaitsForAcksAsLongAsTheBroadcastSays) {
    ask({.kind = request_kind::broadcast, .packet = R"(2["e"])", .timeout = 300ms});
    ASSERT_EQ(asked.size(), 2U);
    EXPECT_EQ(asked[0]->what.timeout, 300ms);
    shards_answer({{.kind = response_kind::client_count, .count = 1},
                   {.kind = response_kind::client_count, .count = 0}});
    timers.advance(300ms);
    ASSERT_TRUE(outcome && *outcome);
    EXPECT_EQ((*outcome)->count, 1U);
    EXPECT_TRUE((*outcome)->responses.empty());
}

TEST_F(ClusterTest, TellsItselfAndTheOthers) {
    bool done = false;
    under_test.tell({.kind = request_kind::join, .rooms = {"a"}},
                    [&](result<> r) { done = r.has_value(); });
    timers.advance(0ms);
    EXPECT_TRUE(done);
    EXPECT_EQ(asked.size(), 2U);
    ASSERT_EQ(bus.asked.size(), 1U);
    EXPECT_TRUE(bus.asked[0].id.empty());
}

TEST_F(ClusterTest, CountsItself) {
    bus.others = 3;
    std::optional<result<std::size_t>> nodes;
    under_test.count_nodes([&](result<std::size_t> n) { nodes = n; });
    timers.advance(0ms);
    ASSERT_TRUE(nodes && *nodes);
    EXPECT_EQ(**nodes, 4U);
}

}  // namespace
}  // namespace chat_gateway::gateway
