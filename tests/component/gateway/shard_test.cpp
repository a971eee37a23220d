#include "gateway_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Sockets and their rooms: connecting, delivery, joining and leaving, and the end.
namespace chat_gateway::tests {
namespace {

using gateway::metric;
using stores = gateway_world::stores;
using std::chrono::milliseconds;

server_frame event_frame(const std::string& name) {
    return text_of("4" + gateway_world::event(name));
}

/// Whether the bus is subscribed to the room.
bool asked_for(gateway_world& world, const std::string& room) {
    return world.with_stores([&](stores& s) { return s.bus.rooms().contains(room); });
}

TEST(Connect, IsAnsweredWithAnIdOfItsOwn) {
    gateway_world world;
    page p(world, world.log_in("ann", {"a", "b"}));
    p.connected();
    EXPECT_NE(p.socket_id, p.sid);
    EXPECT_EQ(world.count(metric::sockets_connected), 1U);
    EXPECT_EQ(world.count(metric::rooms_joined), 2U);
    EXPECT_EQ(world.count(metric::handshakes_accepted), 1U);
}

TEST(Connect, WaitsUntilTheBusHasConfirmedTheRooms) {
    gateway_world world;
    world.with_stores([](stores& s) { s.bus.hold(); });
    page p(world, world.log_in("ann", {"a"}));
    ASSERT_TRUE(eventually([&] { return asked_for(world, "a"); }));
    EXPECT_TRUE(p.hears_nothing());
    // A second socket of a room that is asked for already waits for the same confirmation.
    page other(world, world.log_in("bob", {"a"}));
    ASSERT_TRUE(world.reaches(metric::rooms_joined, 2));
    EXPECT_TRUE(other.hears_nothing());
    world.with_stores([](stores& s) { s.bus.confirm_held(); });
    p.connected();
    other.connected();
    EXPECT_EQ(world.count(metric::subscriptions_late), 0U);
}

TEST(Connect, IsAnsweredAtTheDeadlineIfTheBusStaysSilent) {
    gateway_world world({.subscribe_deadline = milliseconds(50)});
    world.with_stores([](stores& s) { s.bus.hold(); });
    page p(world, world.log_in("ann", {"a"}));
    p.connected();
    EXPECT_EQ(world.count(metric::subscriptions_late), 1U);
    world.publish("late", {"a"});
    EXPECT_EQ(p.wire.frame(), event_frame("late"));
    world.with_stores([](stores& s) { s.bus.confirm_held(); });
    EXPECT_TRUE(p.hears_nothing());
}

TEST(Connect, GoesWithoutRoomsIfTheDirectoryIsDownAndGetsThemLater) {
    gateway_world world;
    const auto session = world.log_in("ann", {"a"});
    world.with_stores([](stores& s) { s.chats.set_available(false); });
    page p(world, session);
    p.connected();
    EXPECT_EQ(world.count(metric::chat_lists_late), 1U);
    EXPECT_EQ(world.count(metric::rooms_joined), 0U);
    world.with_stores([](stores& s) { s.chats.set_available(true); });
    ASSERT_TRUE(world.reaches(metric::rooms_joined, 1));
    world.publish("news", {"a"});
    EXPECT_EQ(p.wire.frame(), event_frame("news"));
}

TEST(Connect, ToAnUnknownNamespaceIsRefusedAndTheSessionGoesOn) {
    gateway_world world;
    page p(world, world.log_in("ann"));
    p.connected();
    p.wire.text("40/x,");
    EXPECT_EQ(p.wire.frame(), text_of(R"(44/x,{"message":"Invalid namespace"})"));
    world.publish("on", {});
    EXPECT_EQ(p.wire.frame(), event_frame("on"));
}

TEST(Connect, AfterLeavingTheNamespaceStartsFromTheChatListAgain) {
    gateway_world world;
    page p(world, world.log_in("ann", {"a"}));
    p.connected();
    p.wire.text("41");
    ASSERT_TRUE(world.reaches(metric::sockets_connected, 0));
    EXPECT_EQ(world.count(metric::rooms_joined), 0U);
    EXPECT_EQ(world.count(metric::sessions_open), 1U);
    world.publish("unheard", {"a"});
    world.log_in("ann", {"b"});
    p.wire.text("40");
    p.connected();
    EXPECT_EQ(world.count(metric::rooms_joined), 2U);
    world.publish("heard", {"b"});
    EXPECT_EQ(p.wire.frame(), event_frame("heard"));
}

TEST(Connect, WorksByPolling) {
    gateway_world world;
    const polling_client p(world.port(), world.log_in("ann", {"a"}));
    EXPECT_EQ(p.post("40").body, "ok");
    EXPECT_TRUE(p.get().body.starts_with(R"(40{"sid":")"));
    auto get = p.begin_get();
    world.publish("hello", {"a"});
    EXPECT_EQ(get.response().body, R"(42["hello"])");
}

TEST(Connect, MalformedPacketEndsTheSession) {
    gateway_world world;
    page p(world, world.log_in("ann", {"a"}));
    p.connected();
    p.wire.text("42{\"no\":\"array\"}");
    EXPECT_EQ(p.wire.frame(), empty_close());
    EXPECT_TRUE(world.reaches(metric::closed_parse_error, 1));
    EXPECT_TRUE(world.reaches(metric::sockets_connected, 0));
}

class Delivery : public testing::Test {
protected:
    page open(const std::string& user, const std::vector<std::string>& chats) {
        page p(world, world.log_in(user, chats));
        p.connected();
        return p;
    }
    gateway_world world;
};

TEST_F(Delivery, IsOnceToASocketInSeveralOfTheRooms) {
    auto both = open("ann", {"a", "b"});
    auto one = open("bob", {"b"});
    auto none = open("eve", {"c"});
    world.publish("m", {"a", "b"});
    world.publish("end", {"a", "b", "c"});
    for (page* p : {&both, &one})
        EXPECT_EQ(p->wire.frame(), event_frame("m"));
    for (page* p : {&both, &one, &none})
        EXPECT_EQ(p->wire.frame(), event_frame("end"));
    EXPECT_EQ(world.count(metric::deliveries), 5U);
}

TEST_F(Delivery, LeavesOutTheExcept) {
    auto both = open("ann", {"a", "b"});
    auto one = open("bob", {"a"});
    auto third = open("cid", {"a"});
    world.publish("not b", {"a"}, {"b"});
    world.publish("not cid", {"a"}, {third.socket_id});
    world.publish("neither", {}, {"b", third.socket_id});
    world.publish("not by id", {both.socket_id}, {"b"});
    world.publish("end", {"a"});
    for (const char* name : {"not b", "not cid", "neither", "end"})
        EXPECT_EQ(one.wire.frame(), event_frame(name));
    for (const char* name : {"not cid", "end"})
        EXPECT_EQ(both.wire.frame(), event_frame(name));
    for (const char* name : {"not b", "end"})
        EXPECT_EQ(third.wire.frame(), event_frame(name));
}

TEST_F(Delivery, WithoutRoomsIsForEverybodyConnected) {
    std::vector<page> pages;
    for (int n = 0; n < 8; ++n)
        pages.push_back(open("user" + std::to_string(n), {}));
    websocket_client silent(world.port(), 0, world.log_in("silent"));  // never sends CONNECT
    world.publish("all", {});
    for (auto& p : pages)
        EXPECT_EQ(p.wire.frame(), event_frame("all"));
    EXPECT_EQ(world.count(metric::deliveries), 8U);
}

TEST_F(Delivery, ToASocketIdIsForThatSocket) {
    auto ann = open("ann", {"a"});
    auto bob = open("bob", {"a"});
    world.publish("for ann", {ann.socket_id});
    world.publish("and the room", {ann.socket_id, "a"});
    EXPECT_EQ(ann.wire.frame(), event_frame("for ann"));
    EXPECT_EQ(ann.wire.frame(), event_frame("and the room"));
    EXPECT_EQ(bob.wire.frame(), event_frame("and the room"));
    EXPECT_TRUE(ann.hears_nothing());
}

TEST_F(Delivery, SessionIdIsNoRoom) {
    auto ann = open("ann", {});
    world.publish("stray", {ann.sid});
    world.publish("end", {});
    EXPECT_EQ(ann.wire.frame(), event_frame("end"));
}

TEST_F(Delivery, AttachmentsFollowTheirEvent) {
    auto ann = open("ann", {"a"});
    const polling_client bob(world.port(), world.log_in("bob", {"a"}));
    EXPECT_EQ(bob.post("40").body, "ok");
    EXPECT_TRUE(bob.get().body.starts_with("40"));
    const std::string packet =
        R"(52-["bin",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])";
    world.inject({.packet = packet, .attachments = {"\x01\x02", "\xff"}, .rooms = {"a"}});
    EXPECT_EQ(ann.wire.frame(), text_of("4" + packet));
    EXPECT_EQ(ann.wire.frame(), binary_of("\x01\x02"));
    EXPECT_EQ(ann.wire.frame(), binary_of("\xff"));
    EXPECT_EQ(bob.get().body, "4" + packet +
                                  "\x1e"
                                  "bAQI=\x1e"
                                  "b/w==");
}

TEST_F(Delivery, OfAnotherNamespaceIsNotOurs) {
    auto ann = open("ann", {"a"});
    world.inject({.nsp = "/admin", .packet = gateway_world::event("theirs"), .rooms = {"a"}});
    world.publish("ours", {"a"});
    EXPECT_EQ(ann.wire.frame(), event_frame("ours"));
}

TEST_F(Delivery, KeepsTheOrderOfARoom) {
    auto ann = open("ann", {"a"});
    constexpr int many = 500;
    for (int n = 0; n < many; ++n)
        world.publish(std::to_string(n), {"a"});
    for (int n = 0; n < many; ++n)
        ASSERT_EQ(ann.wire.frame(), event_frame(std::to_string(n)));
}

class Rooms : public testing::Test {
protected:
    void hold_questions() {
        world.with_stores([](stores& s) { s.directory.holds_questions = true; });
    }
    bool asked(std::size_t questions) {
        return eventually([&] {
            return world.with_stores([](stores& s) { return s.directory.questions.size(); }) ==
                   questions;
        });
    }
    void answer(std::size_t question, const result<bool>& allowed) {
        world.with_stores([&](stores& s) { s.directory.questions.at(question)(allowed); });
    }
    /// Whether the page gets what is said in room c.
    bool in_room(page& p) {
        world.publish("to c", {"c"});
        world.publish("to all", {});
        const auto first = p.wire.frame();
        if (first == event_frame("to all")) return false;
        EXPECT_EQ(first, event_frame("to c"));
        EXPECT_EQ(p.wire.frame(), event_frame("to all"));
        return true;
    }

    gateway_world world;
    page ann{world, world.log_in("ann")};
    void SetUp() override { ann.connected(); }
};

TEST_F(Rooms, JoinOfAChatThatMayBeSeenIsCarriedOut) {
    world.log_in("ann", {"c"});
    ann.ask("clientJoinRoom", "c", "7");
    EXPECT_EQ(ann.wire.frame(), text_of("437[]"));
    EXPECT_TRUE(in_room(ann));
    ann.ask("clientJoinRoom", "c", "8");  // again: nothing changes
    EXPECT_EQ(ann.wire.frame(), text_of("438[]"));
    EXPECT_EQ(world.count(metric::rooms_joined), 1U);
    EXPECT_EQ(world.count(metric::joins), 1U);
    ann.ask("clientLeaveRoom", "c", "9");
    EXPECT_EQ(ann.wire.frame(), text_of("439[]"));
    EXPECT_FALSE(in_room(ann));
    EXPECT_EQ(world.count(metric::rooms_joined), 0U);
    EXPECT_EQ(world.count(metric::leaves), 1U);
}

TEST_F(Rooms, DeniedJoinLooksToTheClientLikeAnyOther) {
    ann.ask("clientJoinRoom", "c", "7");
    EXPECT_EQ(ann.wire.frame(), text_of("437[]"));
    EXPECT_FALSE(in_room(ann));
    EXPECT_EQ(world.count(metric::joins_denied_permission), 1U);
}

TEST_F(Rooms, JoinThatTheDatabaseCannotDecideIsNotCarriedOut) {
    hold_questions();
    ann.ask("clientJoinRoom", "c", "7");
    ASSERT_TRUE(asked(1));
    answer(0, result<bool>(boost::system::in_place_error, errc::unavailable));
    EXPECT_EQ(ann.wire.frame(), text_of("437[]"));
    EXPECT_FALSE(in_room(ann));
    EXPECT_EQ(world.count(metric::joins_failed_database), 1U);
}

TEST_F(Rooms, LeaveBehindAJoinWins) {
    hold_questions();
    ann.ask("clientJoinRoom", "c", "1");
    ann.ask("clientLeaveRoom", "c", "2");
    EXPECT_EQ(ann.wire.frame(), text_of("432[]"));
    ASSERT_TRUE(asked(1));
    answer(0, result<bool>(true));
    EXPECT_EQ(ann.wire.frame(), text_of("431[]"));
    EXPECT_FALSE(in_room(ann));
}

TEST_F(Rooms, JoinBehindALeaveWins) {
    hold_questions();
    ann.ask("clientJoinRoom", "c", "1");
    ann.ask("clientLeaveRoom", "c");
    ann.ask("clientJoinRoom", "c", "3");
    ASSERT_TRUE(asked(2));
    answer(1, result<bool>(true));
    EXPECT_EQ(ann.wire.frame(), text_of("433[]"));
    EXPECT_TRUE(in_room(ann));
    answer(0, result<bool>(false));
    EXPECT_EQ(ann.wire.frame(), text_of("431[]"));
    EXPECT_TRUE(in_room(ann));
}

TEST_F(Rooms, OlderAnswerDoesNotCountForANewerQuestion) {
    hold_questions();
    ann.ask("clientJoinRoom", "c", "1");
    ann.ask("clientLeaveRoom", "c");
    ann.ask("clientJoinRoom", "c", "3");
    ASSERT_TRUE(asked(2));
    answer(0, result<bool>(true));
    EXPECT_EQ(ann.wire.frame(), text_of("431[]"));
    EXPECT_FALSE(in_room(ann));
    answer(1, result<bool>(false));
    EXPECT_EQ(ann.wire.frame(), text_of("433[]"));
    EXPECT_FALSE(in_room(ann));
}

TEST_F(Rooms, AnswerForASocketThatLeftTheNamespaceIsVoid) {
    hold_questions();
    ann.ask("clientJoinRoom", "c", "1");
    ASSERT_TRUE(asked(1));
    ann.wire.text("41");
    ann.wire.text("40");
    ann.connected();
    answer(0, result<bool>(true));
    EXPECT_FALSE(in_room(ann));
    EXPECT_EQ(world.count(metric::rooms_joined), 0U);
}

TEST_F(Rooms, LeaveWhileTheChatListIsOnItsWayWins) {
    const auto session = world.log_in("bob", {"c", "d"});
    world.with_stores([](stores& s) { s.chats.set_available(false); });
    page bob(world, session);
    bob.connected();  // without rooms: the list is being retried
    bob.ask("clientLeaveRoom", "c", "1");
    EXPECT_EQ(bob.wire.frame(), text_of("431[]"));
    world.with_stores([](stores& s) { s.chats.set_available(true); });
    ASSERT_TRUE(world.reaches(metric::rooms_joined, 1));
    EXPECT_FALSE(in_room(bob));
}

/// A socket whose chat list comes when it is connected without rooms already.
class LateList : public testing::Test {
protected:
    void SetUp() override {
        ann = world.log_in("ann", {"c", "d"});
        world.with_stores([](stores& s) { s.chats.set_available(false); });
    }
    void list_comes() {
        world.with_stores([](stores& s) { s.chats.set_available(true); });
        ASSERT_TRUE(world.reaches(metric::chat_lists_loaded, 1));
    }
    void order(socketio::cluster::request_kind kind) {
        world.with_stores([&](stores& s) {
            s.bus.inject(socketio::cluster::request{
                .kind = kind, .to = {.rooms = {"user:ann"}}, .rooms = {"c"}});
        });
    }
    /// Which of the rooms c and d the page is in, behind all that was ordered.
    std::string rooms_of(page& p) {
        world.publish("ordered", {});
        EXPECT_EQ(p.wire.frame(), event_frame("ordered"));
        for (const char* room : {"c", "d"})
            world.publish(room, {room});
        world.publish("end", {});
        std::string in;
        for (auto frame = p.wire.frame(); frame != event_frame("end"); frame = p.wire.frame())
            in += frame.payload.substr(4, 1);
        return in;
    }

    gateway_world world;
    header_list ann;
    const socketio::cluster::request_kind join = socketio::cluster::request_kind::join;
    const socketio::cluster::request_kind leave = socketio::cluster::request_kind::leave;
};

TEST_F(LateList, DoesNotPutBackWhomAServerHasTakenOutBeforeTheDeadline) {
    world.with_stores([](stores& s) {
        s.chats.set_available(true);
        s.directory.holds_lists = true;
    });
    page p(world, ann);
    ASSERT_TRUE(eventually([&] {
        return world.with_stores([](stores& s) { return s.directory.lists.size(); }) == 1;
    }));
    order(leave);
    p.connected();  // at the deadline, five seconds later
    // The query has seen the database as it was before the order.
    world.with_stores([](stores& s) { s.directory.lists.front()(); });
    ASSERT_TRUE(world.reaches(metric::chat_lists_loaded, 1));
    EXPECT_EQ(rooms_of(p), "d");
    order(join);
    EXPECT_EQ(rooms_of(p), "cd") << "what was taken may be given again";
}

TEST_F(LateList, ChatLeftMeanwhileIsNotForcedOnItsUserWithoutRecoveryEither) {
    page p(world, ann);
    p.connected();
    p.ask("clientLeaveRoom", "c", "1");
    EXPECT_EQ(p.wire.frame(), text_of("431[]"));
    list_comes();
    EXPECT_EQ(rooms_of(p), "d");
    order(leave);
    order(join);
    EXPECT_EQ(rooms_of(p), "d");
    // The user's own wish is another thing, and ends it.
    p.ask("clientJoinRoom", "c", "2");
    EXPECT_EQ(p.wire.frame(), text_of("432[]"));
    order(leave);
    order(join);
    EXPECT_EQ(rooms_of(p), "cd");
}

TEST_F(LateList, ChatLeftMeanwhileThatTheListLacksIsRememberedToo) {
    world.with_stores([](stores& s) { s.chats.remove_participant("ann", "c"); });
    page p(world, ann);
    p.connected();
    p.ask("clientLeaveRoom", "c", "1");
    EXPECT_EQ(p.wire.frame(), text_of("431[]"));
    list_comes();
    EXPECT_EQ(rooms_of(p), "d");
    order(join);
    EXPECT_EQ(rooms_of(p), "d");
}

TEST_F(Rooms, MalformedAndUnknownEventsAreCountedAndIgnored) {
    ann.wire.text(R"(421["clientJoinRoom",{"chat_id":7}])");
    EXPECT_EQ(ann.wire.frame(), text_of("431[]"));
    ann.wire.text(R"(42["clientLeaveRoom"])");
    ann.wire.text(R"(42["somethingElse",{"chat_id":"c"}])");
    EXPECT_TRUE(world.reaches(metric::events_unknown, 1));
    EXPECT_EQ(world.count(metric::events_malformed), 2U);
    EXPECT_EQ(world.count(metric::events_join), 1U);
    EXPECT_EQ(world.count(metric::events_leave), 1U);
    EXPECT_FALSE(in_room(ann));
}

TEST_F(Rooms, QuestionsOfOneSocketAreBounded) {
    hold_questions();
    for (int n = 0; n < 64; ++n)
        ann.ask("clientJoinRoom", "chat" + std::to_string(n));
    ann.ask("clientJoinRoom", "one too many", "1");
    EXPECT_EQ(ann.wire.frame(), text_of("431[]"));
    EXPECT_TRUE(asked(64));
    EXPECT_EQ(world.count(metric::joins_denied_limit), 1U);
}

TEST(RoomsPerSocket, AreNotExceededByTheListNorByJoins) {
    gateway_world world({.rooms_per_socket = 2});
    page p(world, world.log_in("ann", {"a", "b", "c"}));
    p.connected();
    EXPECT_EQ(world.count(metric::rooms_joined), 2U);
    EXPECT_EQ(world.count(metric::joins_denied_limit), 1U);
    world.log_in("ann", {"d"});
    p.ask("clientJoinRoom", "d", "1");
    EXPECT_EQ(p.wire.frame(), text_of("431[]"));
    EXPECT_EQ(world.count(metric::joins_denied_limit), 2U);
    EXPECT_EQ(world.count(metric::rooms_joined), 2U);
}

TEST(End, LeavesNothingBehind) {
    gateway_world world;
    {
        page dropped(world, world.log_in("ann", {"a", "b"}));
        dropped.connected();
        page polite(world, world.log_in("bob", {"b", "c"}));
        polite.connected();
        polite.wire.send(close_frame(1000));
        EXPECT_EQ(polite.wire.frame(), close_of(1000));
        const polling_client poller(world.port(), world.log_in("cid", {"d"}));
        EXPECT_EQ(poller.post("40").body, "ok");
        EXPECT_TRUE(poller.get().body.starts_with("40"));
        auto ws = poller.upgrade();
        ws.text("5");
        ASSERT_TRUE(world.reaches(metric::websocket_sessions_open, 2));
        EXPECT_EQ(world.count(metric::upgrades), 1U);
    }
    for (const metric m : {metric::sessions_open, metric::websocket_sessions_open,
                           metric::sockets_connected, metric::rooms_joined})
        EXPECT_TRUE(world.reaches(m, 0)) << static_cast<int>(m);
    EXPECT_EQ(world.count(metric::closed_transport_lost), 2U);
    EXPECT_EQ(world.count(metric::closed_client_close), 1U);
    for (const char* chat : {"a", "b", "c", "d"})  // for the grace period
        EXPECT_TRUE(asked_for(world, chat)) << chat;
    EXPECT_TRUE(eventually([&] { return world.rooms_of_hub() == 0; }));
    EXPECT_TRUE(world.with_stores([](stores& s) { return s.bus.rooms().empty(); }));
}

TEST(End, WhileTheChatListIsOnItsWayJoinsNothing) {
    gateway_world world;
    const auto session = world.log_in("ann", {"a"});
    world.with_stores([](stores& s) { s.directory.holds_lists = true; });
    {
        page p(world, session);
        ASSERT_TRUE(eventually([&] {
            return world.with_stores([](stores& s) { return s.directory.lists.size(); }) == 1;
        }));
    }
    ASSERT_TRUE(world.reaches(metric::sessions_open, 0));
    world.with_stores([](stores& s) { s.directory.lists.front()(); });
    page next(world, world.log_in("bob", {"b"}));
    ASSERT_TRUE(eventually([&] {
        return world.with_stores([](stores& s) { return s.directory.lists.size(); }) == 2;
    }));
    world.with_stores([](stores& s) { s.directory.lists.back()(); });
    next.connected();
    EXPECT_EQ(world.count(metric::rooms_joined), 1U);
    EXPECT_TRUE(asked_for(world, "b"));
    EXPECT_FALSE(asked_for(world, "a"));
}

TEST(Drain, RefusesHandshakesAndClosesSockets) {
    gateway_world world;
    const auto session = world.log_in("ann", {"a"});
    page p(world, session);
    p.connected();
    const polling_client poller(world.port(), session);
    auto get = poller.begin_get();
    ASSERT_TRUE(world.reaches(metric::sessions_open, 2));

    world.on_each([](gateway::shard& s) { s.begin_drain(); });
    for (const auto& r : {raw_client(world.port()).request("GET", polling_path, {}, session),
                          raw_client(world.port()).upgrade(websocket_path, session)}) {
        EXPECT_EQ(r.status, 503U);
        EXPECT_EQ(r.body, R"({"code":5,"message":"Service unavailable"})");
        EXPECT_EQ(r.get("Retry-After"), "5");
    }
    EXPECT_EQ(world.count(metric::sessions_open), 2U);
    EXPECT_TRUE(p.hears_nothing());

    std::size_t left = 0;
    world.on_each([&](gateway::shard& s) { left += s.close_some(0).sessions; });
    EXPECT_EQ(left, 2U);
    world.on_each([&](gateway::shard& s) { EXPECT_EQ(s.close_some(10).sessions, 0U); });
    EXPECT_EQ(p.wire.frame(), empty_close());
    const auto told = get.response();  // unless it came behind the close
    EXPECT_THAT(told.body, testing::AnyOf("1",
                                          "6\x1e"
                                          "1"));
    EXPECT_EQ(world.count(metric::sessions_open), 0U);
    EXPECT_EQ(world.count(metric::closed_shutting_down), 2U);
}

TEST(Drain, ClosesNoMoreThanItIsTold) {
    gateway_world world;
    std::vector<page> pages;
    for (int n = 0; n < 6; ++n)
        pages.emplace_back(world, world.log_in("user" + std::to_string(n))).connected();
    world.on_each([](gateway::shard& s) {
        const std::size_t before = s.engine().session_count();
        EXPECT_EQ(s.close_some(1).sessions, before == 0 ? 0 : before - 1);
    });
    EXPECT_GE(world.count(metric::sessions_open), 4U);
}

TEST(SlowShard, PausesTheBusUntilItHasCaughtUp) {
    gateway_world world(gateway_options{.shards = 1});
    page ann(world, world.log_in("ann", {"c"}));
    ann.connected();
    std::promise<void> go_on;
    world.hang(0, go_on.get_future().share());
    const auto paused = [&] {
        return world.with_stores([](gateway_world::stores& s) { return s.bus.paused; });
    };
    // Not for her, who would be owed too much; her shard has to look at them all the same.
    const std::string large(std::size_t{1} << 20, 'x');
    std::size_t bytes = 0;
    while (!paused() && bytes <= 2 * gateway::services::max_undelivered) {
        world.publish(large, {"c"}, {ann.socket_id});
        bytes += large.size();
    }
    EXPECT_TRUE(paused());
    EXPECT_GT(bytes + large.size(), gateway::services::max_undelivered);
    EXPECT_LE(bytes, gateway::services::max_undelivered + large.size());
    EXPECT_EQ(world.count(gateway::metric::bus_pauses), 1U);

    world.publish("the last", {"c"});
    go_on.set_value();
    EXPECT_EQ(ann.wire.frame().payload, "42[\"the last\"]");
    EXPECT_TRUE(eventually([&] { return !paused(); }));
}

}  // namespace
}  // namespace chat_gateway::tests
