#include "log_limiter.hpp"

#include <chat_gateway/base/log_repetition.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace chat_gateway::log {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

struct LogLimiter : testing::Test {
    /// How many of that many lines pass.
    std::size_t storm(std::size_t lines, std::string_view message = "storm") {
        std::size_t passed = 0;
        for (std::size_t n = 0; n < lines; ++n)
            passed += of.admit(level::warn, message, now) ? 1 : 0;
        return passed;
    }

    limiter of;
    limiter::time_point now{seconds(1000)};
};

TEST_F(LogLimiter, TheFirstFewPassAndTheRestIsCountedEachPeriod) {
    EXPECT_EQ(storm(1000), limiter::most);
    EXPECT_THAT(of.take_due(now + limiter::period - seconds(1)), IsEmpty());
    now += limiter::period;
    EXPECT_THAT(of.take_due(now),
                ElementsAre(limiter::repetition{level::warn, "storm", 1000 - limiter::most}));
    EXPECT_EQ(storm(30), limiter::most);
    now += limiter::period;
    EXPECT_THAT(of.take_due(now),
                ElementsAre(limiter::repetition{level::warn, "storm", 30 - limiter::most}));
    now += limiter::period;
    EXPECT_THAT(of.take_due(now), IsEmpty());
}

TEST_F(LogLimiter, AMessageNowAndThenAlwaysPasses) {
    for (int n = 0; n < 100; ++n) {
        EXPECT_EQ(storm(limiter::most), limiter::most);
        now += limiter::period;
        EXPECT_THAT(of.take_due(now), IsEmpty());
    }
}

TEST_F(LogLimiter, MessagesDoNotHoldEachOtherBack) {
    EXPECT_EQ(storm(100), limiter::most);
    EXPECT_EQ(storm(1, "another"), 1U);
    EXPECT_EQ(storm(100, "third"), limiter::most);
    EXPECT_EQ(of.take_all().size(), 2U);
    EXPECT_THAT(of.take_all(), IsEmpty());
}

TEST_F(LogLimiter, AStormWhoseCountIsNotAskedForStaysHeld) {
    EXPECT_EQ(storm(20), limiter::most);
    now += 3 * limiter::period;
    EXPECT_EQ(storm(5), 0U);
    EXPECT_THAT(of.take_due(now),
                ElementsAre(limiter::repetition{level::warn, "storm", 25 - limiter::most}));
}

TEST_F(LogLimiter, KeepsABoundedNumberOfMessages) {
    for (std::size_t n = 0; n < limiter::max_messages; ++n)
        storm(1, "message " + std::to_string(n));
    EXPECT_EQ(storm(100), 100U);
    EXPECT_EQ(storm(100, "message 0"), limiter::most - 1);
}

TEST(LogRepetition, IsToldInALineOfItsOwn) {
    tell_all_repeated();
    testing::internal::CaptureStderr();
    for (int n = 0; n < 50; ++n)
        warn("a storm", {{"n", n}});
    write_each(level::warn, "a storm", {{"n", "each"}});
    tell_repeated();  // not yet
    tell_all_repeated();
    const std::string output = testing::internal::GetCapturedStderr();
    EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 12) << output;
    EXPECT_TRUE(output.ends_with(" warn repeated line=\"a storm\" count=40\n")) << output;
}

TEST(LogRepetition, SingleEventsAreNeverHeldBack) {
    init(level::debug, format::text);
    testing::internal::CaptureStderr();
    for (int n = 0; n < 50; ++n)
        debug("an event");
    const std::string output = testing::internal::GetCapturedStderr();
    EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 50);
    init(level::info, format::text);
}

}  // namespace
}  // namespace chat_gateway::log
