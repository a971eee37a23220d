#include <chat_gateway/base/backoff.hpp>

#include <gtest/gtest.h>

#include <set>

namespace chat_gateway {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, DoublesUpToItsLimit) {
    const std::vector<std::pair<int, int>> expected = {
        {100, 200}, {200, 400}, {400, 800}, {800, 1600}, {1600, 3200}, {2500, 5000}, {2500, 5000}};
    for (int run = 0; run < 50; ++run) {
        backoff b;
        for (const auto& [least, most] : expected) {
            const auto pause = b.next();
            EXPECT_GE(pause, milliseconds(least));
            EXPECT_LE(pause, milliseconds(most));
        }
    }
}

TEST(Backoff, HasJitter) {
    std::set<milliseconds> pauses;
    for (int run = 0; run < 100; ++run)
        pauses.insert(backoff().next());
    EXPECT_GT(pauses.size(), 10U);
}

TEST(Backoff, StartsAgainAfterReset) {
    backoff b;
    for (int i = 0; i < 10; ++i)
        b.next();
    b.reset();
    EXPECT_LE(b.next(), milliseconds(200));
}

TEST(Backoff, AFixedPauseIsPossible) {
    backoff b(milliseconds(1), milliseconds(1));
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(b.next(), milliseconds(1));
}

}  // namespace
}  // namespace chat_gateway
