#include "gateway_world.hpp"
#include "returning_page.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::tests {
namespace {

using gateway::metric;
using std::chrono_literals::operator""s;

class Recovery : public ::testing::Test {
protected:
    static gateway_options options() {
        gateway_options o;
        o.recovery = {.window = 60s, .packet_time = 60s};
        return o;
    }
    static std::string claim(const arrival& a, const std::string& offset) {
        return R"({"pid":")" + a.pid + R"(","offset":")" + offset + "\"}";
    }
    struct lost {
        arrival first;
        std::string offset;
    };
    /// A session that has seen one event and lost its connection.
    lost lost_session(const header_list& session) {
        lost l;
        {
            returning_page page(world, session);
            l.first = page.arrive();
            world.publish("first", {"a"});
            EXPECT_EQ(page.event(), "first");
            l.offset = page.offset;
        }
        kept(1);
        return l;
    }
    void kept(std::uint64_t sessions) {
        ASSERT_TRUE(world.reaches(metric::recovery_sessions, sessions));
    }

    gateway_world world{options()};
};

// Two loops, and the kernel chooses: among so many returns are ones to the other loop.
TEST_F(Recovery, WorksOnWhicheverLoopTheClientComesBackTo) {
    const auto session = world.log_in("ada", {"a"});
    auto page = std::make_unique<returning_page>(world, session);
    const arrival first = page->arrive();
    world.publish("first", {"a"});
    EXPECT_EQ(page->event(), "first");
    std::string offset = page->offset;
    for (int n = 0; n < 20; ++n) {
        page.reset();
        kept(1);
        const std::string name = "missed" + std::to_string(n);
        world.publish(name, {"a"});
        page = std::make_unique<returning_page>(world, session, claim(first, offset));
        const arrival back = page->arrive();
        EXPECT_EQ(back.sid, first.sid);
        EXPECT_EQ(back.pid, first.pid);
        ASSERT_EQ(back.ahead.size(), 1U);
        EXPECT_TRUE(back.ahead[0].starts_with("42[\"" + name)) << back.ahead[0];
        world.publish("live", {first.sid});
        EXPECT_EQ(page->event(), "live");
        offset = page->offset;
    }
    EXPECT_EQ(world.count(metric::recoveries), 20U);
}

// The bus has brought it before it has confirmed the room, and the socket may not have got it.
TEST_F(Recovery, WhatCameBehindAJoinOrderIsNotMissedThoughTheRoomWasNotConfirmed) {
    const auto session = world.log_in("ada", {"a"});
    arrival first;
    std::string offset;
    {
        returning_page page(world, session);
        first = page.arrive();
        world.publish("first", {"a"});
        EXPECT_EQ(page.event(), "first");
        offset = page.offset;
        world.publish("not its own", {"elsewhere", "new"});
        world.with_stores([](gateway_world::stores& s) {
            s.chats.add_participant("ada", "new");
            s.bus.hold();
            s.bus.inject(socketio::cluster::request{.kind = socketio::cluster::request_kind::join,
                                                    .to = {.rooms = {"user:ada"}},
                                                    .rooms = {"new"}});
            s.bus.inject({{.packet = gateway_world::event("early"), .rooms = {"new"}}});
        });
        EXPECT_EQ(page.event(), "early");
        world.with_stores([](gateway_world::stores& s) { s.bus.confirm_held(); });
    }
    kept(1);
    returning_page page(world, session, claim(first, offset));
    const arrival back = page.arrive();
    EXPECT_EQ(back.pid, first.pid);
    ASSERT_EQ(back.ahead.size(), 1U);
    EXPECT_TRUE(back.ahead[0].starts_with("42[\"early")) << back.ahead[0];
}

TEST_F(Recovery, LostOnTheWayBackTheSessionWaitsForTheNextAttempt) {
    const auto session = world.log_in("ada", {"a"});
    world.with_stores([](gateway_world::stores& s) { s.chats.add_participant("ada", "b"); });
    arrival first;
    std::string offset;
    {
        returning_page page(world, session);
        first = page.arrive();
        world.publish("first", {"a"});
        EXPECT_EQ(page.event(), "first");
        offset = page.offset;
        // Not in the list any more, so its right will be asked for.
        page.ask("clientJoinRoom", "b", "1");
    }
    kept(1);
    world.with_stores([](gateway_world::stores& s) {
        s.chats.remove_participant("ada", "b");
        s.directory.holds_questions = true;
    });
    {
        returning_page page(world, session, claim(first, offset));
        ASSERT_TRUE(eventually([&] {
            return world.with_stores(
                [](gateway_world::stores& s) { return s.directory.questions.size() == 1; });
        }));
    }
    ASSERT_TRUE(world.reaches(metric::sessions_open, 0));
    world.with_stores([](gateway_world::stores& s) {
        s.directory.questions.front()(result<bool>(true));
        s.directory.holds_questions = false;
    });
    world.publish("missed", {"a"});
    returning_page page(world, session, claim(first, offset));
    const arrival back = page.arrive();
    EXPECT_EQ(back.pid, first.pid);
    ASSERT_EQ(back.ahead.size(), 1U);
}

TEST_F(Recovery, ARightThatCannotBeCheckedMakesAFreshSession) {
    const auto session = world.log_in("ada", {"a", "b"});
    const auto [first, offset] = lost_session(session);
    world.with_stores([](gateway_world::stores& s) {
        s.chats.remove_participant("ada", "b");
        s.directory.holds_questions = true;
    });
    returning_page page(world, session, claim(first, offset));
    ASSERT_TRUE(eventually([&] {
        return world.with_stores(
            [](gateway_world::stores& s) { return s.directory.questions.size() == 1; });
    }));
    world.with_stores([](gateway_world::stores& s) {
        s.directory.questions.front()(
            result<bool>(boost::system::in_place_error, make_error_code(errc::unavailable)));
    });
    const arrival back = page.arrive();
    EXPECT_NE(back.pid, first.pid);
    EXPECT_EQ(world.count(metric::recoveries_rights), 1U);
    // Nothing of the attempt is left.
    world.publish("not for it", {"b"});
    world.publish("for nobody", {first.sid});
    world.publish("served", {"a"});
    EXPECT_EQ(page.event(), "served");
}

// More questions than may be under way: the others wait for their turn.
TEST_F(Recovery, ManyThatComeBackWithRoomsBesideTheirListsAreAllRecovered) {
    constexpr int pages = 10;
    constexpr int rooms = 60;
    constexpr std::size_t most = 500;
    std::vector<header_list> sessions;
    std::vector<lost> before;
    for (int n = 0; n < pages; ++n) {
        const std::string user = "user" + std::to_string(n);
        std::vector<std::string> chats{"a"};
        for (int r = 0; r < rooms; ++r)
            chats.push_back(user + " room " + std::to_string(r));
        sessions.push_back(world.log_in(user, chats));
        lost l;
        {
            returning_page page(world, sessions.back());
            l.first = page.arrive();
            world.publish("first", {"a"});
            EXPECT_EQ(page.event(), "first");
            l.offset = page.offset;
        }
        kept(static_cast<std::uint64_t>(n) + 1);
        before.push_back(std::move(l));
        world.with_stores([&](gateway_world::stores& s) {
            for (const auto& chat : chats)
                if (chat != "a") s.chats.remove_participant(user, chat);
        });
    }
    world.with_stores([](gateway_world::stores& s) { s.directory.holds_questions = true; });
    std::vector<std::unique_ptr<returning_page>> back;
    for (std::size_t n = 0; n < sessions.size(); ++n)
        back.push_back(std::make_unique<returning_page>(world, sessions[n],
                                                        claim(before[n].first, before[n].offset)));
    ASSERT_TRUE(world.reaches(metric::chat_lists_loaded, 2 * std::uint64_t{pages}));
    ASSERT_TRUE(eventually([&] {
        return world.with_stores(
            [](gateway_world::stores& st) { return st.directory.questions.size() == most; });
    }));
    std::size_t answered = 0;
    // Each answer makes room for the next question.
    EXPECT_TRUE(eventually([&] {
        world.with_stores([&](gateway_world::stores& st) {
            for (; answered < st.directory.questions.size(); ++answered) {
                auto answer = std::move(st.directory.questions[answered]);
                answer(result<bool>(boost::system::in_place_value, true));
            }
        });
        return answered == std::size_t{pages} * rooms;
    }));
    for (std::size_t n = 0; n < back.size(); ++n)
        EXPECT_EQ(back[n]->arrive().pid, before[n].first.pid) << n;
    EXPECT_EQ(world.count(metric::recoveries_rights), 0U);
}

TEST_F(Recovery, ASocketWithoutItsChatListIsNotKept) {
    const auto session = world.log_in("ada", {"a"});
    world.with_stores([](gateway_world::stores& s) { s.chats.set_available(false); });
    {
        returning_page page(world, session);
        page.arrive();
    }
    ASSERT_TRUE(world.reaches(metric::sessions_open, 0));
    EXPECT_EQ(world.count(metric::recovery_sessions), 0U);
}

TEST_F(Recovery, WhoBreaksTheProtocolIsNotKept) {
    const auto session = world.log_in("ada", {"a"});
    returning_page page(world, session);
    page.arrive();
    page.wire.text("4garbage");
    EXPECT_EQ(page.wire.frame(), empty_close());
    ASSERT_TRUE(world.reaches(metric::sessions_open, 0));
    EXPECT_EQ(world.count(metric::recovery_sessions), 0U);
}

TEST_F(Recovery, AMessageThatWasLostInTheReplayComesAgain) {
    const auto session = world.log_in("ada", {"a"});
    const auto [first, offset] = lost_session(session);
    for (int n = 0; n < 3; ++n) {
        kept(1);
        world.publish("missed", {"a"});
        // It is gone again before it has read anything: its offset stays what it was.
        returning_page page(world, session, claim(first, offset));
        EXPECT_EQ(page.arrive().ahead.size(), n + 1U);
    }
}

// Lost amid a long replay, what came ahead of the answer would come twice.
TEST_F(Recovery, ALongReplayFollowsTheAnswer) {
    const auto session = world.log_in("ada", {"a"});
    const auto [first, offset] = lost_session(session);
    const std::string large(6000, 'x');
    for (int n = 0; n < 3; ++n)
        world.publish(std::to_string(n) + large, {"a"});
    returning_page page(world, session, claim(first, offset));
    const arrival back = page.arrive();
    EXPECT_EQ(back.pid, first.pid);
    EXPECT_TRUE(back.ahead.empty());
    for (int n = 0; n < 3; ++n)
        EXPECT_EQ(page.event(), std::to_string(n) + large);
}

TEST_F(Recovery, ASocketStaysInTheRoomOfItsId) {
    const auto session = world.log_in("ada", {"a"});
    const auto [first, offset] = lost_session(session);
    returning_page page(world, session, claim(first, offset));
    EXPECT_EQ(page.arrive().sid, first.sid);
    page.ask("clientLeaveRoom", first.sid, "1");
    world.publish("to the id", {first.sid});
    EXPECT_EQ(page.event(), "to the id");
}

TEST_F(Recovery, TheGatewayKeepsNothingOfASessionThatCameBack) {
    const auto session = world.log_in("ada", {"a"});
    {
        const auto [first, offset] = lost_session(session);
        returning_page page(world, session, claim(first, offset));
        page.arrive();
        kept(0);
        page.wire.text("41");
        page.wire.send(control_frame(9, "done?"));
        EXPECT_EQ(page.wire.frame(), (server_frame{10, "done?"}));
    }
    ASSERT_TRUE(world.reaches(metric::sessions_open, 0));
    EXPECT_EQ(world.count(metric::recovery_sessions), 0U);
    EXPECT_EQ(world.count(metric::rooms_joined), 0U);
    EXPECT_TRUE(eventually([&] { return world.rooms_of_hub() == 0; }));
}

}  // namespace
}  // namespace chat_gateway::tests
