#include <chat_gateway/base/timer_wheel.hpp>

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace chat_gateway {
namespace {

using namespace std::chrono_literals;

struct TimerWheelTest : ::testing::Test {
    time_point at(steady_clock::duration t) const { return start + t; }
    std::vector<int> advance(steady_clock::duration t) {
        std::vector<int> due;
        wheel.advance(at(t), [&](int key) { due.push_back(key); });
        return due;
    }
    const time_point start = time_point{} + 5h;
    timer_wheel<int> wheel{start};
};

TEST_F(TimerWheelTest, NothingIsDueBeforeItsTime) {
    wheel.add(1, at(100ms));
    EXPECT_TRUE(advance(99ms).empty());
    EXPECT_EQ(advance(110ms), std::vector<int>{1});
    EXPECT_TRUE(advance(200ms).empty());
    EXPECT_FALSE(wheel.next());
}

TEST_F(TimerWheelTest, NextIsNeverBeforeTheDeadlineAndAtMostOneStepBehind) {
    wheel.add(1, at(103ms));
    ASSERT_TRUE(wheel.next());
    EXPECT_GE(*wheel.next(), at(103ms));
    EXPECT_LE(*wheel.next(), at(103ms) + timer_wheel<int>::resolution);
    EXPECT_EQ(advance(*wheel.next() - start), std::vector<int>{1});
}

TEST_F(TimerWheelTest, ADeadlineInThePastIsDueAtTheNextStep) {
    EXPECT_TRUE(advance(1s).empty());
    wheel.add(1, at(10ms));
    EXPECT_EQ(advance(1s + 20ms), std::vector<int>{1});
}

TEST_F(TimerWheelTest, DeadlinesBeyondOneTurnWaitForTheirRound) {
    wheel.add(1, at(100s));
    wheel.add(2,
              at(100s - 4096 * timer_wheel<int>::resolution));  // the same bucket, a round earlier
    EXPECT_EQ(advance(99s), std::vector<int>{2});
    EXPECT_EQ(wheel.size(), 1U);
    EXPECT_EQ(advance(101s), std::vector<int>{1});
}

TEST_F(TimerWheelTest, ALongPauseLosesNothing) {
    for (int i = 0; i < 100; ++i)
        wheel.add(i, at(i * 1s));
    EXPECT_EQ(advance(1h).size(), 100U);
    EXPECT_EQ(wheel.size(), 0U);
}

TEST_F(TimerWheelTest, DueMayAdd) {
    wheel.add(1, at(10ms));
    int called = 0;
    wheel.advance(at(50ms), [&](int) {
        ++called;
        wheel.add(2, at(60ms));
    });
    EXPECT_EQ(called, 1);
    EXPECT_EQ(advance(80ms), std::vector<int>{2});
}

TEST_F(TimerWheelTest, AgreesWithASortedList) {
    std::mt19937 random(7);
    std::vector<std::pair<long, int>> expected;
    std::vector<bool> seen(2000);
    long now = 0;
    for (int key = 0; key < 2000; ++key) {
        const long when = now + static_cast<long>(random() % 120000);
        wheel.add(key, at(std::chrono::milliseconds(when)));
        expected.emplace_back(when, key);
        now += static_cast<long>(random() % 100);
        wheel.advance(at(std::chrono::milliseconds(now)), [&](int k) {
            EXPECT_LE(expected[static_cast<std::size_t>(k)].first, now);
            EXPECT_FALSE(seen[static_cast<std::size_t>(k)]);
            seen[static_cast<std::size_t>(k)] = true;
        });
        for (const auto& [due, k] : expected) {
            if (due + 20 < now) {
                ASSERT_TRUE(seen[static_cast<std::size_t>(k)]) << "late: " << now - due;
            }
        }
    }
}

}  // namespace
}  // namespace chat_gateway
