#include <chat_gateway/base/random.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace chat_gateway;

std::vector<unsigned char> bytes_of(std::size_t size) {
    std::vector<unsigned char> bytes(size);
    random_bytes(bytes);
    return bytes;
}

// Each comparison below fails by chance less often than once in 2^64 runs.

TEST(RandomBytes, NeverRepeatAcrossRefills) {
    std::set<std::vector<unsigned char>> seen;
    for (int i = 0; i < 1000; ++i)
        EXPECT_TRUE(seen.insert(bytes_of(16)).second);
}

TEST(RandomBytes, FillOutputsOfEverySize) {
    for (const std::size_t size : {16, 511, 512, 513, 5000}) {
        const auto bytes = bytes_of(size);
        // A tail that was left out would be zero.
        EXPECT_TRUE(std::any_of(bytes.end() - 16, bytes.end(), [](auto b) { return b != 0; }))
            << size;
        EXPECT_TRUE(std::any_of(bytes.begin(), bytes.begin() + 16, [](auto b) { return b != 0; }));
    }
    random_bytes({});
}

TEST(RandomBytes, SizesNeedNotDivideTheBuffer) {
    std::set<std::vector<unsigned char>> seen;
    for (int i = 0; i < 2000; ++i)
        seen.insert(bytes_of(3));
    EXPECT_GT(seen.size(), 1900U);
}

TEST(RandomBytes, DifferBetweenThreads) {
    std::vector<unsigned char> other;
    std::thread([&other] { other = bytes_of(16); }).join();
    EXPECT_NE(bytes_of(16), other);
}

TEST(RandomBelow, StaysBelowAndReachesEveryNumber) {
    std::array<int, 5> count{};
    for (int i = 0; i < 5000; ++i) {
        const auto number = random_below(5);
        ASSERT_LT(number, 5U);
        ++count.at(number);
    }
    for (const auto n : count)
        EXPECT_GT(n, 500);  // expected 1000, standard deviation 28
}

TEST(RandomBelow, HandlesTheEndsOfItsRange) {
    EXPECT_EQ(random_below(1), 0U);
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 10; ++i)
        seen.insert(random_below(most));
    EXPECT_GT(seen.size(), 1U);
    for (int i = 0; i < 100; ++i)
        EXPECT_LT(random_below((1ULL << 63) + 1), (1ULL << 63) + 1);
}

TEST(RandomBelow, IsFairWhereTheBoundDoesNotDivideTheRange) {
    // A plain remainder would put every second number into this first third.
    constexpr std::uint64_t third = 1ULL << 62;
    int in_first_third = 0;
    for (int i = 0; i < 3000; ++i)
        in_first_third += random_below(3 * third) < third ? 1 : 0;
    EXPECT_GT(in_first_third, 750);  // expected 1000, standard deviation 26
    EXPECT_LT(in_first_third, 1250);
}

TEST(RandomToken, HasTheLengthAndTheWholeAlphabet) {
    EXPECT_EQ(random_token(0), "");
    EXPECT_EQ(random_token(24).size(), 24U);
    const auto token = random_token(10000);
    EXPECT_TRUE(
        std::all_of(token.begin(), token.end(), [](unsigned char c) { return std::isalnum(c); }));
    EXPECT_EQ(std::set<char>(token.begin(), token.end()).size(), 62U);
}

}  // namespace
