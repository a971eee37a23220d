#include <chat_gateway/base/token_bucket.hpp>

#include <gtest/gtest.h>

namespace chat_gateway {
namespace {

using namespace std::chrono_literals;

class TokenBucket : public testing::Test {
protected:
    std::uint32_t taken(time_point now) {
        std::uint32_t n = 0;
        while (bucket.take(terms, now))
            ++n;
        return n;
    }
    token_bucket bucket;
    token_bucket::terms terms{.rate = 5};
    const time_point begin{100s};
};

TEST_F(TokenBucket, HoldsTwoSecondsWorth) {
    EXPECT_EQ(taken(begin), 10U);
}

TEST_F(TokenBucket, FillsAtItsRate) {
    EXPECT_EQ(taken(begin), 10U);
    EXPECT_EQ(taken(begin + 199ms), 0U);
    EXPECT_EQ(taken(begin + 200ms), 1U);
    EXPECT_EQ(taken(begin + 1200ms), 5U);
}

TEST_F(TokenBucket, HoldsNoMoreAfterALongTime) {
    EXPECT_EQ(taken(begin), 10U);
    EXPECT_EQ(taken(begin + 1h), 10U);
}

TEST_F(TokenBucket, SaysWhenItIsFull) {
    EXPECT_TRUE(bucket.full(begin));
    EXPECT_TRUE(bucket.take(terms, begin));
    EXPECT_FALSE(bucket.full(begin + 199ms));
    EXPECT_TRUE(bucket.full(begin + 200ms));
}

TEST_F(TokenBucket, OfAnotherDepth) {
    terms = {.rate = 1, .depth = 10s};
    EXPECT_EQ(taken(begin), 10U);
    EXPECT_EQ(sizeof bucket, 8U);
}

}  // namespace
}  // namespace chat_gateway
