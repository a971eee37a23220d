#include "quoted_name.hpp"

#include <gtest/gtest.h>

namespace chat_gateway::postgres {
namespace {

TEST(quoted_name, keeps_case_and_splits_at_the_dot) {
    EXPECT_EQ(quoted_name("session"), R"("session")");
    EXPECT_EQ(quoted_name("Web.Sessions"), R"("Web"."Sessions")");
}

TEST(quoted_name, a_quote_cannot_end_it) {
    EXPECT_EQ(quoted_name(R"(a"; drop table b; --)"), R"("a""; drop table b; --")");
}

}  // namespace
}  // namespace chat_gateway::postgres
