#include "component/gateway/gateway_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

// What other nodes of the cluster ask of the sockets of a gateway with two loops.
namespace chat_gateway::tests {
namespace {

using gateway::metric;
using socketio::cluster::request;
using socketio::cluster::request_kind;
using socketio::cluster::response;
using socketio::cluster::response_kind;

class ClusterRequests : public ::testing::Test {
protected:
    void ask(request r) {
        world.with_stores([&](auto& s) { s.bus.inject(std::move(r)); });
    }
    /// The answers so far, once there are `count`.
    std::vector<response> answers(std::size_t count) {
        std::vector<response> got;
        eventually([&] {
            world.with_stores([&](auto& s) { got = s.bus.answered; });
            return got.size() >= count;
        });
        EXPECT_EQ(got.size(), count);
        return got;
    }
    response answer_to(request r) {
        r.from = "peer";
        r.id = "q";
        ask(std::move(r));
        auto got = answers(1);
        world.with_stores([](auto& s) { s.bus.answered.clear(); });
        return got.empty() ? response{} : std::move(got.front());
    }
    std::set<std::string> ids(const request& r) {
        std::set<std::string> found;
        for (const auto& s : answer_to(r).fetched)
            found.insert(s.id);
        return found;
    }

    gateway_world world;
    page anna{world, world.log_in("anna", {"a", "ab"})};
    page ben{world, world.log_in("ben", {"b", "ab"})};

    void SetUp() override {
        anna.connected();
        ben.connected();
    }
};

TEST_F(ClusterRequests, SocketsAreFetchedByRoom) {
    const std::set<std::string> both{anna.socket_id, ben.socket_id};
    EXPECT_EQ(ids({.kind = request_kind::fetch_sockets}), both);
    EXPECT_EQ(ids({.kind = request_kind::fetch_sockets, .to = {.rooms = {"a", "ab"}}}), both);
    EXPECT_EQ(ids({.kind = request_kind::fetch_sockets, .to = {.rooms = {"b"}}}),
              std::set{ben.socket_id});
    EXPECT_EQ(ids({.kind = request_kind::fetch_sockets, .to = {.rooms = {anna.socket_id}}}),
              std::set{anna.socket_id});
    EXPECT_EQ(ids({.kind = request_kind::fetch_sockets, .to = {.except = {"a"}}}),
              std::set{ben.socket_id});
    EXPECT_TRUE(ids({.kind = request_kind::fetch_sockets, .to = {.rooms = {"none"}}}).empty());
}

TEST_F(ClusterRequests, ASocketIsDescribedWithoutSecrets) {
    const auto answer =
        answer_to({.kind = request_kind::fetch_sockets, .to = {.rooms = {anna.socket_id}}});
    ASSERT_EQ(answer.fetched.size(), 1U);
    const auto& socket = answer.fetched.front();
    EXPECT_EQ(std::set(socket.rooms.begin(), socket.rooms.end()),
              (std::set<std::string>{anna.socket_id, "a", "ab"}));
    EXPECT_EQ(socket.data, R"({"user_id":"anna"})");
    EXPECT_NE(socket.handshake.find(R"("issued":1)"), std::string::npos) << socket.handshake;
    EXPECT_NE(socket.handshake.find(R"("headers":{})"), std::string::npos) << socket.handshake;
    EXPECT_EQ(socket.handshake.find("session-of-anna"), std::string::npos);
}

TEST_F(ClusterRequests, RoomsAreThoseOfAllLoops) {
    auto names = answer_to({.kind = request_kind::all_rooms}).names;
    std::sort(names.begin(), names.end());
    std::vector<std::string> expected{"a", "ab", "b", anna.socket_id, ben.socket_id};
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(names, expected);
}

TEST_F(ClusterRequests, OldPeersAskForIds) {
    const auto answer = answer_to({.kind = request_kind::sockets, .to = {.rooms = {"a"}}});
    EXPECT_EQ(answer.kind, response_kind::sockets);
    EXPECT_EQ(answer.names, std::vector{anna.socket_id});
}

TEST_F(ClusterRequests, SocketsJoinAndLeaveWithoutBeingAsked) {
    ask({.kind = request_kind::join, .to = {.rooms = {"a"}}, .rooms = {"staff", "night"}});
    ASSERT_TRUE(world.reaches(metric::rooms_joined, 6));
    world.publish("to staff", {"staff"});
    EXPECT_EQ(anna.wire.frame().payload, "42[\"to staff\"]");
    EXPECT_TRUE(ben.hears_nothing());
    // Their channels are asked of the bus as for every other room.
    EXPECT_TRUE(world.with_stores([](auto& s) { return s.bus.rooms().contains("night"); }));

    ask({.kind = request_kind::leave, .to = {.rooms = {"staff"}}, .rooms = {"staff", "a"}});
    ASSERT_TRUE(world.reaches(metric::rooms_joined, 4));
    world.publish("to staff", {"staff"});
    world.publish("to a", {"a"});
    EXPECT_TRUE(anna.hears_nothing());
}

TEST_F(ClusterRequests, TheRoomsOfASocketHaveALimitForServersToo) {
    gateway_world small({.rooms_per_socket = 3});
    page carl(small, small.log_in("carl", {"c"}));
    carl.connected();
    small.with_stores([](auto& s) {
        s.bus.inject(request{.kind = request_kind::join, .rooms = {"1", "2", "3", "4"}});
    });
    EXPECT_TRUE(small.reaches(metric::joins_denied_limit, 1));
    EXPECT_TRUE(small.reaches(metric::rooms_joined, 3));
}

TEST_F(ClusterRequests, AUsersRoomNamesItsSockets) {
    const request join{
        .kind = request_kind::join, .to = {.rooms = {"user:anna"}}, .rooms = {"new"}};
    const request leave{
        .kind = request_kind::leave, .to = {.rooms = {"user:anna"}}, .rooms = {"new"}};
    EXPECT_EQ(ids({.kind = request_kind::fetch_sockets, .to = {.rooms = {"user:anna"}}}),
              std::set{anna.socket_id});
    ask(join);
    ASSERT_TRUE(world.reaches(metric::rooms_joined, 5));
    world.publish("first", {"new"});
    EXPECT_EQ(anna.wire.frame().payload, "42[\"first\"]");
    EXPECT_TRUE(ben.hears_nothing());
    ask(leave);
    ASSERT_TRUE(world.reaches(metric::rooms_joined, 4));
    ask(join);
    EXPECT_TRUE(world.reaches(metric::rooms_joined, 5)) << "what was taken may be given again";
}

TEST_F(ClusterRequests, AChatThatTheSocketHasLeftIsNotForcedOnItsUser) {
    anna.ask("clientLeaveRoom", "a", "1");
    EXPECT_EQ(anna.wire.frame().payload, "431[]");
    ask({.kind = request_kind::join, .to = {.rooms = {"user:anna"}}, .rooms = {"a", "new"}});
    ASSERT_TRUE(world.reaches(metric::rooms_joined, 4));
    world.publish("to a", {"a"});
    EXPECT_TRUE(anna.hears_nothing());
    // Its own wish, or a server's that means this socket, is another thing.
    ask({.kind = request_kind::join, .to = {.rooms = {anna.socket_id}}, .rooms = {"a"}});
    EXPECT_TRUE(world.reaches(metric::rooms_joined, 5));
}

TEST_F(ClusterRequests, DisconnectedSocketsAreToldSoAndOthersGoOn) {
    ask({.kind = request_kind::disconnect, .to = {.rooms = {"a"}}, .close = true});
    EXPECT_EQ(anna.wire.frame().payload, "41");
    EXPECT_EQ(anna.wire.frame().opcode, 8);
    world.publish("to ab", {"ab"});
    EXPECT_EQ(ben.wire.frame().payload, "42[\"to ab\"]");
}

TEST_F(ClusterRequests, ADisconnectedNamespaceMayBeJoinedAgain) {
    ask({.kind = request_kind::disconnect, .to = {.rooms = {"a"}}, .close = false});
    EXPECT_EQ(anna.wire.frame().payload, "41");
    world.publish("to a", {"a"});
    EXPECT_TRUE(anna.hears_nothing());
    const std::string before = anna.socket_id;
    anna.wire.text("40");
    anna.connected();
    EXPECT_NE(anna.socket_id, before);
    world.publish("to a", {"a"});
    EXPECT_EQ(anna.wire.frame().payload, "42[\"to a\"]");
}

TEST_F(ClusterRequests, ABroadcastIsAcknowledgedByItsReceivers) {
    ask({.kind = request_kind::broadcast,
         .from = "peer",
         .id = "q",
         .to = {.rooms = {"ab"}},
         .packet = R"(2["ask",1])",
         .timeout = std::chrono::milliseconds(20000)});
    const auto counted = answers(1);
    EXPECT_EQ(counted.at(0).kind, response_kind::client_count);
    EXPECT_EQ(counted.at(0).count, 2U);
    for (page* p : {&anna, &ben}) {
        const std::string event = p->wire.frame().payload;
        const auto bracket = event.find('[');
        EXPECT_EQ(event.substr(bracket), R"(["ask",1])");
        ASSERT_GT(bracket, 2U) << event;
        const std::string id = event.substr(2, bracket - 2);
        p->wire.text("43" + id + R"([{"from":"them"},2])");
        p->wire.text("43" + id + R"(["twice"])");
    }
    const auto all = answers(3);
    for (std::size_t i = 1; i < all.size(); ++i) {
        EXPECT_EQ(all[i].kind, response_kind::client_ack);
        EXPECT_EQ(all[i].id, "q");
        EXPECT_EQ(all[i].data, R"({"from":"them"})");
    }
    EXPECT_TRUE(anna.hears_nothing());
    answers(3);
}

TEST_F(ClusterRequests, ABroadcastToNobodyIsCountedToo) {
    const auto answer = answer_to(
        {.kind = request_kind::broadcast, .to = {.rooms = {"none"}}, .packet = R"(2["ask"])"});
    EXPECT_EQ(answer.kind, response_kind::client_count);
    EXPECT_EQ(answer.count, 0U);
}

TEST_F(ClusterRequests, BinaryGoesBothWays) {
    ask({.kind = request_kind::broadcast,
         .from = "peer",
         .id = "q",
         .to = {.rooms = {"a"}},
         .packet = R"(51-["ask",{"_placeholder":true,"num":0}])",
         .attachments = {"\x01\x02"}});
    const std::string event = anna.wire.frame().payload;
    EXPECT_EQ(event.substr(0, 4), "451-");
    EXPECT_EQ(anna.wire.frame(), (server_frame{2, "\x01\x02"}));
    const std::string id = event.substr(4, event.find('[') - 4);
    anna.wire.text("461-" + id + R"([{"_placeholder":true,"num":0}])");
    anna.wire.send(binary_frame("\x03"));
    const auto all = answers(2);
    EXPECT_EQ(all.at(1).data, R"({"_placeholder":true,"num":0})");
    EXPECT_EQ(all.at(1).attachments, std::vector<std::string>{"\x03"});
}

}  // namespace
}  // namespace chat_gateway::tests
