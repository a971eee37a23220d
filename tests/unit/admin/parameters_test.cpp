#include "parameters.hpp"

#include <gtest/gtest.h>

namespace chat_gateway::admin {
namespace {

TEST(Limit, IsWhatTheQuerySays) {
    EXPECT_EQ(limit_of("limit=1"), 1U);
    EXPECT_EQ(limit_of("a=b&limit=1000"), 1000U);
    EXPECT_EQ(limit_of("limit=%37"), 7U);
}

TEST(Limit, HasADefault) {
    EXPECT_EQ(limit_of(""), default_limit);
    EXPECT_EQ(limit_of("scope=gateway"), default_limit);
}

TEST(Limit, HasBounds) {
    for (const auto* query :
         {"limit=0", "limit=1001", "limit=-1", "limit=+1", "limit=", "limit", "limit=1.5",
          "limit=ten", "limit=%201", "limit=99999999999999999999", "limit=0x10"})
        EXPECT_EQ(limit_of(query), std::nullopt) << query;
}

TEST(Scope, IsOfTheGatewayUnlessTheClusterIsMeant) {
    EXPECT_EQ(scope_of(""), scope::gateway);
    EXPECT_EQ(scope_of("limit=1&scope=gateway"), scope::gateway);
    EXPECT_EQ(scope_of("scope=cluster&limit=1"), scope::cluster);
    for (const auto* query : {"scope=", "scope", "scope=Cluster", "scope=all"})
        EXPECT_EQ(scope_of(query), std::nullopt) << query;
}

}  // namespace
}  // namespace chat_gateway::admin
