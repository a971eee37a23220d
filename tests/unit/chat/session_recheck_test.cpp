#include <chat_gateway/chat/session_recheck.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace chat_gateway::chat {
namespace {

using namespace std::chrono_literals;

login_ref make(const std::string& user, const std::string& session) {
    return std::make_shared<const login>(user, session);
}
time_point at(steady_clock::duration d) {
    return time_point{} + 1h + d;
}

TEST(SessionRecheck, ReadsEachOncePerPeriodEvenlyHoweverManyCameAtOnce) {
    session_recheck all({.period = 10s, .batch = 1000});
    for (int i = 0; i < 1000; ++i)
        all.add(make("u", std::to_string(i)), at(0s));
    std::map<std::string, int> reads;
    std::size_t largest = 0;
    (void)all.take_due(at(0s));
    for (auto t = 100ms; t <= 20s; t += 100ms) {
        const auto due = all.take_due(at(t));
        largest = std::max(largest, due.size());
        for (const auto& d : due)
            ++reads[std::string(d.who->session())];
    }
    EXPECT_EQ(reads.size(), 1000U);
    for (const auto& [session, times] : reads)
        EXPECT_NEAR(times, 2, 1) << session;
    EXPECT_LE(largest, 12U);
}

TEST(SessionRecheck, ReturnsABatchAtMost) {
    session_recheck all({.period = 1s, .batch = 10});
    for (int i = 0; i < 25; ++i)
        all.add(make("u", std::to_string(i)), at(0s));
    (void)all.take_due(at(0s));
    EXPECT_FALSE(all.behind());
    EXPECT_EQ(all.take_due(at(1s)).size(), 10U);
    EXPECT_TRUE(all.behind());
    EXPECT_EQ(all.take_due(at(1s)).size(), 10U);
    EXPECT_EQ(all.take_due(at(1s)).size(), 5U);
    EXPECT_FALSE(all.behind());
    EXPECT_TRUE(all.take_due(at(1s)).empty());
}

TEST(SessionRecheck, OneSessionOfManyShardsIsReadOnceAndGoesWithTheLast) {
    session_recheck all({.period = 1s});
    all.add(make("ann", "s"), at(0s));
    all.add(make("ann", "s"), at(0s));
    EXPECT_EQ(all.size(), 1U);
    all.remove({"ann", "s"});
    EXPECT_EQ(all.take("s", at(1s)).size(), 1U);
    all.remove({"ann", "s"});
    EXPECT_EQ(all.size(), 0U);
    EXPECT_TRUE(all.take("s", at(1s)).empty());
    all.remove({"ann", "s"});
}

TEST(SessionRecheck, ASessionThatChangedHandsIsTwo) {
    session_recheck all({.period = 1s});
    all.add(make("ann", "s"), at(0s));
    all.add(make("bob", "s"), at(0s));
    EXPECT_EQ(all.take("s", at(0s)).size(), 2U);
    all.remove({"ann", "s"});
    const auto left = all.take("s", at(0s));
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left.front().who->user(), "bob");
}

TEST(SessionRecheck, WhicheverUserOfASessionGoesTheOthersAreFound) {
    const std::vector<std::string> users{"ann", "bob", "carl"};
    for (const auto& first : users) {
        session_recheck all({.period = 1s});
        all.add(make("zoe", "t"), at(0s));
        for (const auto& user : users)
            all.add(make(user, "s"), at(0s));
        all.remove({first, "s"});
        std::set<std::string> left;
        for (const auto& d : all.take("s", at(0s)))
            left.emplace(d.who->user());
        std::set<std::string> expected(users.begin(), users.end());
        expected.erase(first);
        EXPECT_EQ(left, expected) << first;
        for (const auto& user : expected)
            all.remove({user, "s"});
        EXPECT_TRUE(all.take("s", at(0s)).empty());
        EXPECT_EQ(all.size(), 1U);
        EXPECT_EQ(all.take("t", at(0s)).size(), 1U);
    }
}

TEST(SessionRecheck, AnAnswerThatIsOlderThanWhatIsKnownIsVoid) {
    session_recheck all({.period = 1s});
    all.add(make("ann", "s"), at(0s));
    const auto due = all.take("s", at(0s));
    ASSERT_EQ(due.size(), 1U);
    EXPECT_TRUE(all.current(due.front()));
    all.vouch({"ann", "s"}, at(1s));  // a handshake found it valid meanwhile
    EXPECT_FALSE(all.current(due.front()));
    const auto again = all.take("s", at(1s));
    all.remove({"ann", "s"});
    EXPECT_FALSE(all.current(again.front()));
}

TEST(SessionRecheck, WhatMayHaveBeenMissedIsReadSoonAndThenAsBefore) {
    session_recheck all({.period = 100s, .batch = 1000, .catch_up = 2s});
    for (int i = 0; i < 100; ++i)
        all.add(make("u", std::to_string(i)), at(0s));
    (void)all.take_due(at(1s));
    all.catch_up(at(1s));
    std::size_t soon = 0;
    for (auto t = 1100ms; t <= 3500ms; t += 100ms) {
        const auto n = all.take_due(at(t)).size();
        EXPECT_LE(n, 10U);
        soon += n;
    }
    EXPECT_GE(soon, 100U);
    EXPECT_LE(soon, 102U);
    EXPECT_LE(all.take_due(at(4500ms)).size(), 2U);
}

}  // namespace
}  // namespace chat_gateway::chat
