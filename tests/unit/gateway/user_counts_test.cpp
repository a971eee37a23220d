#include "user_counts.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace chat_gateway::gateway {
namespace {

using std::chrono::seconds;

struct UserCounts : testing::Test {
    std::vector<std::uint64_t> bins() const {
        std::vector<std::uint64_t> all;
        for (const metric m :
             {metric::users_1, metric::users_2, metric::users_4, metric::users_8, metric::users_16})
            all.push_back(figures.sum(m));
        return all;
    }
    std::uint64_t reconnections() const { return figures.sum(metric::reconnections); }
    using list = std::vector<std::uint64_t>;

    metrics figures;
    user_counts counts{figures.make_block()};
    time_point now{seconds(1000)};
};

TEST_F(UserCounts, TellsWhoHasTheMostConnections) {
    using users = std::vector<std::pair<std::uint64_t, std::uint32_t>>;
    EXPECT_EQ(counts.most_connected(5), users{});
    for (const std::uint64_t user : {1, 2, 2, 3, 3, 3, 4, 4, 5})
        counts.enter(user, now);
    EXPECT_EQ(counts.user_count(), 5U);
    EXPECT_EQ(counts.most_connected(2), (users{{3, 3}, {2, 2}}));
    const auto all = counts.most_connected(9);
    ASSERT_EQ(all.size(), 5U);
    EXPECT_EQ(users(all.begin(), all.begin() + 3), (users{{3, 3}, {2, 2}, {4, 2}}));
    EXPECT_EQ(all[3].second + all[4].second, 2U);
    counts.leave(3, true, now);
    counts.leave(3, true, now);
    counts.leave(4, false, now);
    counts.leave(1, true, now);  // remembered for its loss, and not connected
    EXPECT_EQ(counts.user_count(), 4U);
    EXPECT_EQ(counts.most_connected(1), (users{{2, 2}}));
    EXPECT_EQ(counts.most_connected(9).size(), 4U);
    EXPECT_EQ(counts.most_connected(0), users{});
}

TEST_F(UserCounts, UsersAreInTheBinOfTheirConnections) {
    for (int n = 0; n < 3; ++n)
        counts.enter(1, now);
    counts.enter(2, now);
    EXPECT_EQ(bins(), (list{1, 1, 0, 0, 0}));
    for (int n = 3; n < 20; ++n)
        counts.enter(1, now);
    EXPECT_EQ(bins(), (list{1, 0, 0, 0, 1}));
    for (int n = 0; n < 20; ++n)
        counts.leave(1, false, now);
    counts.leave(2, false, now);
    EXPECT_EQ(bins(), (list{0, 0, 0, 0, 0}));
    counts.leave(2, false, now);  // unknown
    EXPECT_EQ(bins(), (list{0, 0, 0, 0, 0}));
}

TEST_F(UserCounts, WhoComesBackInTimeHasReconnectedOnceForEachLoss) {
    counts.enter(1, now);
    counts.enter(1, now);
    EXPECT_EQ(reconnections(), 0U);
    counts.leave(1, true, now);
    counts.enter(1, now + seconds(1));
    counts.enter(1, now + seconds(1));
    EXPECT_EQ(reconnections(), 1U);
}

TEST_F(UserCounts, WhoLeftByItselfOrIsLateHasNot) {
    counts.enter(1, now);
    counts.leave(1, false, now);
    counts.enter(1, now);
    EXPECT_EQ(reconnections(), 0U);
    counts.leave(1, true, now);
    counts.enter(1, now + user_counts::return_time + seconds(1));
    EXPECT_EQ(reconnections(), 0U);
    // A loss that was made good is not forgotten twice.
    counts.leave(1, true, now + seconds(200));
    counts.enter(1, now + seconds(201));
    EXPECT_EQ(reconnections(), 1U);
    counts.leave(1, true, now + seconds(300));
    counts.enter(2, now + seconds(322));
    counts.enter(1, now + seconds(323));
    EXPECT_EQ(reconnections(), 2U);
}

TEST_F(UserCounts, OfVeryManyLossesTheOldestAreForgotten) {
    for (std::uint64_t user = 0; user <= user_counts::max_losses; ++user) {
        counts.enter(user, now);
        counts.leave(user, true, now);
    }
    counts.enter(0, now);
    EXPECT_EQ(reconnections(), 0U);
    counts.enter(1, now);
    EXPECT_EQ(reconnections(), 1U);
}

}  // namespace
}  // namespace chat_gateway::gateway
