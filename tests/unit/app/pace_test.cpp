#include "pace.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace chat_gateway::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr time_point begin{};

/// How many are due in each step of a span, when all that are due go.
std::vector<std::size_t> waves(pace& p, std::size_t left, milliseconds span, milliseconds step) {
    std::vector<std::size_t> all;
    for (milliseconds at{0}; at <= span; at += step) {
        all.push_back(p.due(left, begin + at));
        left -= all.back();
    }
    EXPECT_EQ(left, 0U);
    return all;
}

TEST(Pace, SpreadsEvenly) {
    pace p({.begin = begin, .span = seconds(9)});
    const auto all = waves(p, 400, seconds(9), milliseconds(50));
    EXPECT_EQ(all.front(), 0U);
    std::size_t first_half = 0;
    for (std::size_t n = 0; n < all.size(); ++n) {
        EXPECT_LE(all[n], 3U) << n;  // 400 in 180 steps are 2.2
        if (n <= 90) first_half += all[n];
    }
    EXPECT_NEAR(static_cast<double>(first_half), 200, 3);
}

TEST(Pace, AFewGoAtTheLeastRate) {
    pace p({.begin = begin, .span = seconds(9), .fewest_per_s = 20});
    std::size_t left = 10;
    for (int step = 0; step <= 11; ++step)
        left -= p.due(left, begin + step * milliseconds(50));
    EXPECT_EQ(left, 0U);
    EXPECT_EQ(p.due(0, begin + seconds(1)), 0U);
}

TEST(Pace, WhatGoesByItselfSlowsTheRestDown) {
    pace p({.begin = begin, .span = seconds(10)});
    EXPECT_EQ(p.due(1000, begin + seconds(1)), 100U);
    EXPECT_EQ(p.due(90, begin + seconds(2)), 10U);
    EXPECT_EQ(p.due(80, begin + seconds(9)), 70U);
}

TEST(Pace, AllWhenTheTimeIsOver) {
    pace p({.begin = begin, .span = seconds(1)});
    EXPECT_EQ(p.due(1000, begin + seconds(1)), 1000U);
    pace none({.begin = begin, .span = seconds(0)});
    EXPECT_EQ(none.due(7, begin), 7U);
}

TEST(Pace, HeadStartsKeepSeveralFromBeatingAsOne) {
    pace early({.begin = begin, .span = seconds(100), .head_start = 0.5});
    pace late({.begin = begin, .span = seconds(100)});
    EXPECT_EQ(early.due(100, begin + milliseconds(600)), 1U);
    EXPECT_EQ(late.due(100, begin + milliseconds(600)), 0U);
}

}  // namespace
}  // namespace chat_gateway::app
