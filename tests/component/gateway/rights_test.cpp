// Sockets whose session ends, and users whom an operator sends away.
#include "gateway_world.hpp"

#include <gtest/gtest.h>

namespace chat_gateway::tests {
namespace {

using namespace std::chrono_literals;
using gateway::metric;

constexpr auto often = 50ms;

/// `41` and the end of the connection.
void expect_sent_away(page& p) {
    EXPECT_EQ(p.wire.frame().payload, "41");
    EXPECT_EQ(p.wire.frame().opcode, 8);
}

void expect_forgotten(gateway_world& world) {
    EXPECT_TRUE(world.reaches(metric::sessions_open, 0));
    EXPECT_EQ(world.count(metric::recovery_sessions), 0U);
}

TEST(Rights, ASessionThatEndsEndsItsSocketsOnAllShards) {
    gateway_world world({.shards = 4, .recheck = 1h});
    const auto ann = world.log_in("ann", {"chat"});
    const auto bob = world.log_in("bob", {"chat"});
    std::deque<page> pages;
    for (int n = 0; n < 8; ++n)
        pages.emplace_back(world, ann).connected();
    page other(world, bob);
    other.connected();
    world.with_stores([](auto& s) { s.sessions.erase("session-of-ann"); });
    for (auto& p : pages)
        expect_sent_away(p);
    EXPECT_TRUE(world.reaches(metric::sockets_cut, 8));
    EXPECT_TRUE(world.reaches(metric::sessions_open, 1));
    world.publish("hello", {"chat"});
    EXPECT_EQ(other.wire.frame().payload, "42[\"hello\"]");
}

TEST(Rights, WithoutAWordFromTheStoreItIsNoticedWithinThePeriod) {
    gateway_world world({.recheck = often});
    world.with_stores([](auto& s) { s.sessions.set_telling(false); });
    page ann(world, world.log_in("ann"));
    page bob(world, world.log_in("bob"));
    ann.connected();
    bob.connected();
    world.with_stores([](auto& s) { s.sessions.erase("session-of-ann"); });
    expect_sent_away(ann);
    EXPECT_TRUE(bob.hears_nothing());
}

TEST(Rights, ASessionThatIsAnothersNowEnds) {
    gateway_world world({.recheck = often});
    page ann(world, world.log_in("ann"));
    ann.connected();
    world.with_stores([](auto& s) {
        s.sessions.put("session-of-ann", R"({"cookie":{},"passport":{"user":"bob"}})");
    });
    expect_sent_away(ann);
}

TEST(Rights, AUserWhoIsNoLongerActiveIsSentAway) {
    gateway_world world({.recheck = often});
    world.with_stores([](auto& s) { s.chats.set_active_users({"ann", "bob"}); });
    page ann(world, world.log_in("ann"));
    page bob(world, world.log_in("bob"));
    ann.connected();
    bob.connected();
    world.with_stores([](auto& s) { s.chats.set_active_users({"bob"}); });
    expect_sent_away(ann);
    EXPECT_TRUE(bob.hears_nothing());
}

TEST(Rights, StoresThatCannotSayEndNothing) {
    gateway_world world({.recheck = often});
    page ann(world, world.log_in("ann"));
    ann.connected();
    world.with_stores([](auto& s) { s.sessions.set_available(false); });
    const auto failed = world.count(metric::rechecks_unavailable);
    EXPECT_TRUE(
        eventually([&] { return world.count(metric::rechecks_unavailable) >= failed + 5; }));
    world.with_stores([](auto& s) {
        s.sessions.set_available(true);
        s.chats.set_active_users({"bob"});
        s.chats.set_available(false);
    });
    const auto more = world.count(metric::rechecks_unavailable);
    EXPECT_TRUE(eventually([&] { return world.count(metric::rechecks_unavailable) >= more + 5; }));
    EXPECT_TRUE(ann.hears_nothing());
    EXPECT_EQ(world.count(metric::sockets_cut), 0U);
}

TEST(Rights, ASocketThatHasNotSentConnectIsSentAwayAsWell) {
    gateway_world world({.recheck = 1h});
    websocket_client silent(world.port(), 0, world.log_in("ann"));
    EXPECT_TRUE(world.reaches(metric::sessions_open, 1));
    world.with_stores([](auto& s) { s.sessions.erase("session-of-ann"); });
    EXPECT_EQ(silent.wire.frame().payload, "41");
    EXPECT_TRUE(world.reaches(metric::sessions_open, 0));
}

TEST(Rights, AnOperatorSendsAUserAwayOnAllShardsForGood) {
    gateway_world world({.recovery = {}, .shards = 4});
    const auto ann = world.log_in("ann", {"chat"});
    std::deque<page> pages;
    for (int n = 0; n < 8; ++n)
        pages.emplace_back(world, ann).wire.frame();
    {
        page lost(world, ann);
        lost.wire.frame();
    }
    EXPECT_TRUE(world.reaches(metric::recovery_sessions, 1));
    EXPECT_EQ(world.sockets_of("ann").size(), 8U);
    EXPECT_EQ(world.disconnect("ann"), 8U);
    for (auto& p : pages)
        expect_sent_away(p);
    expect_forgotten(world);
    EXPECT_EQ(world.disconnect("ann"), 0U);
    EXPECT_TRUE(world.sockets_of("ann").empty());
}

}  // namespace
}  // namespace chat_gateway::tests
