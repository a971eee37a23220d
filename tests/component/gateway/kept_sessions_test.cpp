// Sessions that are kept where other gateways find them.
#include "gateway_world.hpp"
#include "kept_session.hpp"
#include "returning_page.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>

namespace chat_gateway::tests {
namespace {

using gateway::metric;
using std::chrono_literals::operator""s;

class KeptSessions : public ::testing::Test {
protected:
    static gateway_options options() {
        gateway_options o;
        o.recovery = {.window = 60s, .packet_time = 60s};
        o.keeps_sessions = true;
        return o;
    }
    std::optional<gateway::suspended_session> kept(const arrival& a) {
        return world.with_stores([&](auto& s) -> std::optional<gateway::suspended_session> {
            const auto found = s.recovery.sessions.find(a.pid);
            if (found == s.recovery.sessions.end()) return std::nullopt;
            return gateway::read_kept(found->second);
        });
    }
    std::set<std::string> rooms(const arrival& a) {
        std::set<std::string> names;
        if (const auto s = kept(a)) {
            for (const auto& room : s->rooms)
                names.insert(room.name);
        }
        return names;
    }
    /// The bus brings it, and keeps it there.
    void publish(const std::string& name, const std::string& room, std::uint64_t position) {
        socketio::cluster::message m{
            .packet = gateway_world::event(name), .rooms = {room}, .position = position};
        world.with_stores([&](auto& s) {
            s.recovery.kept.push_back({.position = position, .what = m});
            s.bus.inject({m});
            s.bus.reach(position);
        });
    }
    void set_away(bool away) {
        world.with_stores([&](auto& s) { s.recovery.away = away; });
    }
    static std::string claim(const arrival& a, const std::string& offset) {
        return R"({"pid":")" + a.pid + R"(","offset":")" + offset + "\"}";
    }

    gateway_world world{options()};
};

TEST_F(KeptSessions, FromConnectOnAndAsTheyChange) {
    returning_page page(world, world.log_in("ada", {"a"}));
    const arrival a = page.arrive();
    ASSERT_TRUE(eventually([&] { return kept(a).has_value(); }));
    EXPECT_TRUE(kept(a)->live);
    EXPECT_EQ(kept(a)->user, "ada");
    EXPECT_EQ(rooms(a), (std::set<std::string>{"a", a.sid}));
    world.with_stores([](auto& s) { s.chats.add_participant("ada", "b"); });
    page.ask("clientJoinRoom", "b", "1");
    EXPECT_EQ(rooms(a), (std::set<std::string>{"a", "b", a.sid})) << "before it is answered";
    page.ask("clientLeaveRoom", "a", "2");
    EXPECT_TRUE(eventually([&] { return rooms(a) == std::set<std::string>{"b", a.sid}; }));
    EXPECT_EQ(kept(a)->left, std::vector<std::string>{"a"});
}

TEST_F(KeptSessions, UntilTheClientLeaves) {
    returning_page page(world, world.log_in("ada", {"a"}));
    const arrival a = page.arrive();
    ASSERT_TRUE(eventually([&] { return kept(a).has_value(); }));
    page.wire.text("41");
    EXPECT_TRUE(eventually([&] { return !kept(a); }));
}

TEST_F(KeptSessions, ALostConnectionsIsThereForItsReturn) {
    const auto session = world.log_in("ada", {"a"});
    std::optional<returning_page> page(std::in_place, world, session);
    const arrival a = page->arrive();
    publish("seen", "a", 10);
    EXPECT_EQ(page->event(), "seen");
    const std::string offset = page->offset;
    EXPECT_EQ(offset, "0-10");
    page.reset();
    ASSERT_TRUE(eventually([&] { return kept(a) && !kept(a)->live; }));
    EXPECT_EQ(kept(a)->given, 10U);
    publish("missed", "a", 11);
    page.emplace(world, session, claim(a, offset));
    const arrival back = page->arrive();
    EXPECT_EQ(back.sid, a.sid);
    EXPECT_EQ(back.pid, a.pid);
    ASSERT_EQ(back.ahead.size(), 1U);
    EXPECT_EQ(back.ahead.front(), R"(42["missed","0-11"])");
    ASSERT_TRUE(eventually([&] { return kept(a) && kept(a)->live; }));
    EXPECT_EQ(kept(a)->given, 11U);
}

TEST_F(KeptSessions, WhatCannotBeKeptNowIsKeptLater) {
    set_away(true);
    returning_page page(world, world.log_in("ada", {"a"}));
    const arrival a = page.arrive();
    ASSERT_TRUE(eventually([&] { return world.count(metric::recovery_store_failures) > 0; }));
    set_away(false);
    EXPECT_TRUE(eventually([&] { return kept(a).has_value(); }));
}

TEST_F(KeptSessions, AStoreThatIsAwayGivesAFreshSession) {
    const auto session = world.log_in("ada", {"a"});
    std::optional<returning_page> page(std::in_place, world, session);
    const arrival a = page->arrive();
    publish("seen", "a", 10);
    page->event();
    const std::string offset = page->offset;
    page.reset();
    ASSERT_TRUE(eventually([&] { return kept(a) && !kept(a)->live; }));
    set_away(true);
    page.emplace(world, session, claim(a, offset));
    EXPECT_NE(page->arrive().pid, a.pid);
    EXPECT_EQ(world.count(metric::recoveries_unavailable), 1U);
}

TEST_F(KeptSessions, NotWhenMessagesMayHaveBeenMissed) {
    returning_page page(world, world.log_in("ada", {"a"}));
    const arrival a = page.arrive();
    ASSERT_TRUE(eventually([&] { return kept(a).has_value(); }));
    world.with_stores([](auto& s) { s.bus.lose_way(); });
    EXPECT_TRUE(eventually([&] { return !kept(a); }));
    page.ask("clientLeaveRoom", "a", "1");
    EXPECT_FALSE(kept(a));
}

// A session that is not to be recovered is not, though Redis could not be told at once.
TEST_F(KeptSessions, WhatCannotBeDroppedNowIsDroppedLater) {
    returning_page page(world, world.log_in("ada", {"a"}));
    const arrival a = page.arrive();
    ASSERT_TRUE(eventually([&] { return kept(a).has_value(); }));
    set_away(true);
    page.wire.text("41");
    ASSERT_TRUE(eventually([&] { return world.count(metric::recovery_store_failures) > 0; }));
    EXPECT_TRUE(kept(a));
    set_away(false);
    EXPECT_TRUE(eventually([&] { return !kept(a); }));
}

TEST_F(KeptSessions, OfManyRoomsAreNotKeptWithEachChange) {
    std::vector<std::string> chats;
    for (int n = 0; n < 400; ++n)
        chats.push_back("chat" + std::to_string(n));
    returning_page page(world, world.log_in("ada", chats));
    const arrival a = page.arrive();
    ASSERT_TRUE(eventually([&] { return kept(a).has_value(); }));
    const auto puts = [&] { return world.with_stores([](auto& s) { return s.recovery.puts; }); };
    const std::size_t before = puts();
    for (int n = 0; n < 100; ++n)
        page.ask("clientLeaveRoom", chats[static_cast<std::size_t>(n)], "1");
    EXPECT_LE(puts(), before + 3);
    ASSERT_TRUE(eventually([&] { return rooms(a).size() == 301; }));
}

// A server's orders count for whoever is on the way in.
TEST_F(KeptSessions, ARoomOrderedWhileTheClientComesBackMakesItsSessionAFreshOne) {
    const auto session = world.log_in("ada", {"a"});
    std::optional<returning_page> page(std::in_place, world, session);
    const arrival a = page->arrive();
    publish("seen", "a", 10);
    page->event();
    const std::string offset = page->offset;
    page.reset();
    ASSERT_TRUE(eventually([&] { return kept(a) && !kept(a)->live; }));
    world.with_stores([](auto& s) { s.recovery.holds_reads = true; });
    page.emplace(world, session, claim(a, offset));
    ASSERT_TRUE(eventually(
        [&] { return world.with_stores([](auto& s) { return s.recovery.held.size() == 1; }); }));
    world.with_stores([](auto& s) {
        s.bus.inject(socketio::cluster::request{.kind = socketio::cluster::request_kind::join,
                                                .to = {.rooms = {"user:ada"}},
                                                .rooms = {"b"},
                                                .position = 11});
    });
    const arrival fresh = page->arrive();
    EXPECT_NE(fresh.pid, a.pid);
    ASSERT_TRUE(eventually([&] { return rooms(fresh).contains("b"); }));
    world.with_stores([](auto& s) {
        for (auto& answer : std::exchange(s.recovery.held, {}))
            answer();
    });
    publish("for b", "b", 12);
    EXPECT_EQ(page->event(), "for b");
}

// Its first message may be right behind the join, and the connection be lost already.
TEST_F(KeptSessions, ARoomOrderedCountsFromTheOrderOn) {
    const auto session = world.log_in("ada", {"a"});
    std::optional<returning_page> page(std::in_place, world, session);
    const arrival a = page->arrive();
    publish("seen", "a", 10);
    page->event();
    const std::string offset = page->offset;
    const socketio::cluster::message first{
        .packet = gateway_world::event("first"), .rooms = {"b"}, .position = 12};
    world.with_stores([&](auto& s) {
        s.chats.add_participant("ada", "b");
        s.recovery.kept.push_back({.position = 11});
        s.recovery.kept.push_back({.position = 12, .what = first});
        s.bus.inject(socketio::cluster::request{.kind = socketio::cluster::request_kind::join,
                                                .to = {.rooms = {"user:ada"}},
                                                .rooms = {"b"},
                                                .position = 11});
        s.bus.inject({first});
        s.bus.reach(12);
    });
    EXPECT_EQ(page->event(), "first");
    page.reset();
    ASSERT_TRUE(eventually([&] { return kept(a) && !kept(a)->live; }));
    // The client has not seen it.
    page.emplace(world, session, claim(a, offset));
    const arrival back = page->arrive();
    EXPECT_EQ(back.pid, a.pid);
    ASSERT_EQ(back.ahead.size(), 1U);
    EXPECT_EQ(back.ahead.front(), R"(42["first","0-12"])");
}

TEST_F(KeptSessions, AConnectionWhoseClientIsElsewhereEnds) {
    returning_page page(world, world.log_in("ada", {"a"}));
    const arrival a = page.arrive();
    returning_page other(world, world.log_in("eve", {"a"}));
    const arrival e = other.arrive();
    ASSERT_TRUE(world.reaches(metric::sockets_connected, 2));
    const auto returned = [&](const std::string& data) {
        world.with_stores([&](auto& s) {
            s.bus.inject(socketio::cluster::request{
                .kind = socketio::cluster::request_kind::server_side_emit, .data = data});
        });
    };
    for (const char* nonsense :
         {R"(["chat-gateway:returned"])", R"(["chat-gateway:returned",7])",
          R"(["chat-gateway:returned",[7,["x"],["x",7],[7,"x"]]])", R"(["chat-gateway:returned",[)",
          R"(["chat-gateway:returned",[["x","ada"]],[]])", R"(["hello",[]])"})
        returned(nonsense);
    returned(R"(["chat-gateway:returned",[[")" + e.pid + R"(","ada"]]])");  // not hers
    returned(R"(["chat-gateway:returned",[[")" + a.pid + R"(","ada"]]])");
    EXPECT_TRUE(world.reaches(metric::sockets_connected, 1));
    EXPECT_EQ(world.sockets_of("eve").size(), 1U);
}

}  // namespace
}  // namespace chat_gateway::tests
