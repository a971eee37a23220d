// How many connections there are and whose, over all shards.
#include "gateway_world.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace chat_gateway::tests {
namespace {

using gateway::connection_stats;
using gateway::metric;
using most = std::vector<std::pair<std::string, std::size_t>>;

TEST(Stats, AreThoseOfAllShardsTogether) {
    gateway_world world({.shards = 4});
    EXPECT_EQ(world.stats(20).all.connections, 0U);
    const auto ann = world.log_in("ann");
    const auto bob = world.log_in("bob");
    std::deque<page> pages;
    for (int n = 0; n < 8; ++n)
        pages.emplace_back(world, ann).connected();
    for (int n = 0; n < 2; ++n)
        pages.emplace_back(world, bob).connected();
    pages.emplace_back(world, world.log_in("carl")).connected();
    const auto found = world.stats(20);
    EXPECT_EQ(found.all.connections, 11U);
    EXPECT_EQ(found.all.websockets, 11U);
    EXPECT_LE(found.all.longest, found.all.open);
    EXPECT_EQ(found.users, 3U);
    EXPECT_EQ(found.most_connected, (most{{"ann", 8}, {"bob", 2}, {"carl", 1}}));
    EXPECT_EQ(world.stats(2).most_connected, (most{{"ann", 8}, {"bob", 2}}));
    EXPECT_EQ(world.stats(0).most_connected, most{});
    pages.clear();
    ASSERT_TRUE(world.reaches(metric::sessions_open, 0));
    EXPECT_TRUE(eventually([&] { return world.stats(20).users == 0; }));
    EXPECT_EQ(world.stats(20).most_connected, most{});
}

TEST(Stats, AWalkInPartsSeesEachConnectionOnce) {
    gateway_world world({.shards = 1});
    std::deque<page> pages;
    for (int n = 0; n < 7; ++n)
        pages.emplace_back(world, world.log_in(std::to_string(n))).connected();
    pages.erase(pages.begin() + 2);
    ASSERT_TRUE(world.reaches(metric::sessions_open, 6));
    for (const std::size_t step : {1U, 2U, 3U, 100U}) {
        const auto parts = world.walk(0, step);
        EXPECT_GE(parts.size(), 6 / step);
        std::size_t all = 0;
        for (const connection_stats& part : parts) {
            EXPECT_LE(part.connections, step);
            all += part.connections;
        }
        EXPECT_EQ(all, 6U) << step;
    }
}

}  // namespace
}  // namespace chat_gateway::tests
