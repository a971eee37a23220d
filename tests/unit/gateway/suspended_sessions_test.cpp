#include "suspended_sessions.hpp"

#include <gtest/gtest.h>

namespace chat_gateway::gateway {
namespace {

using namespace std::chrono_literals;

class SuspendedSessionsTest : public ::testing::Test {
protected:
    static suspended_session session(const std::string& user, std::size_t rooms = 1) {
        suspended_session s{.pid = public_id::make(0, 1),
                            .id = public_id::make(0, 1),
                            .user = user,
                            .start = 7,
                            .rooms = {},
                            .left = {}};
        for (std::size_t i = 0; i < rooms; ++i)
            s.rooms.push_back({"room " + std::to_string(i), 0});
        return s;
    }
    std::string add(const suspended_session& s) {
        EXPECT_TRUE(sessions.add(s, now));
        return s.pid.text();
    }

    metrics figures;
    recovery_options options{
        .window = 10s, .session_bytes = 16 * 1024, .total_bytes = std::size_t{20} * 1024};
    suspended_sessions sessions{options, figures.make_block()};
    time_point now{};
};

TEST_F(SuspendedSessionsTest, IsFoundByItsUserAndTakenOnce) {
    const auto pid = add(session("ada"));
    EXPECT_EQ(figures.sum(metric::recovery_sessions), 1U);
    ASSERT_NE(sessions.find(pid, "ada"), nullptr);
    EXPECT_EQ(sessions.find(pid, "ada")->start, 7U);
    EXPECT_EQ(sessions.find(pid, "eve"), nullptr);
    EXPECT_EQ(sessions.find("nonsense", "ada"), nullptr);
    EXPECT_TRUE(sessions.take(pid).has_value());
    EXPECT_FALSE(sessions.take(pid).has_value());
    EXPECT_TRUE(sessions.empty());
    EXPECT_EQ(sessions.bytes(), 0U);
    EXPECT_EQ(figures.sum(metric::recovery_sessions), 0U);
}

TEST_F(SuspendedSessionsTest, EndsWithItsWindow) {
    const auto first = add(session("ada"));
    now += 5s;
    add(session("grace"));
    now += 5s - 1ms;
    EXPECT_FALSE(sessions.take_due(now).has_value());
    now += 1ms;
    const auto due = sessions.take_due(now);
    ASSERT_TRUE(due.has_value());
    EXPECT_EQ(due->pid.text(), first);
    EXPECT_FALSE(sessions.take_due(now).has_value());
    EXPECT_EQ(figures.sum(metric::recovery_evicted_session), 0U) << "its time was up";
}

TEST_F(SuspendedSessionsTest, ComesAndGoesWithAWindowEachTime) {
    const auto s = session("ada");
    add(s);
    now += 9s;
    EXPECT_TRUE(sessions.take(s.pid.text()).has_value());
    add(s);
    now += 9s;
    EXPECT_FALSE(sessions.take_due(now).has_value()) << "the second suspension is younger";
    now += 1s;
    EXPECT_TRUE(sessions.take_due(now).has_value());
}

TEST_F(SuspendedSessionsTest, TheOldestGoesWhenMemoryIsShort) {
    const auto first = add(session("ada", 50));
    const auto second = add(session("grace", 50));
    EXPECT_FALSE(sessions.take_due(now).has_value());
    const auto third = add(session("linus", 120));
    const auto due = sessions.take_due(now);
    ASSERT_TRUE(due.has_value());
    EXPECT_EQ(due->pid.text(), first);
    EXPECT_EQ(figures.sum(metric::recovery_evicted_session), 1U);
    while (sessions.take_due(now)) {
    }
    EXPECT_NE(sessions.find(third, "linus"), nullptr);
    EXPECT_LE(sessions.bytes(), options.total_bytes / 2);
}

TEST_F(SuspendedSessionsTest, OneThatIsTooLargeIsNotKept) {
    EXPECT_FALSE(sessions.add(session("ada", 1000), now));
    EXPECT_TRUE(sessions.empty());
    EXPECT_EQ(figures.sum(metric::recovery_evicted_session), 1U);
}

}  // namespace
}  // namespace chat_gateway::gateway
