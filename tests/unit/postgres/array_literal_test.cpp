#include "array_literal.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace chat_gateway::postgres {
namespace {

using strings = std::vector<std::string>;

TEST(array_literal, quotes_every_element) {
    EXPECT_EQ(array_literal(strings{}), "{}");
    EXPECT_EQ(array_literal(strings{"a"}), R"({"a"})");
    EXPECT_EQ(array_literal(strings{"a", "b c", "d,e"}), R"({"a","b c","d,e"})");
    EXPECT_EQ(array_literal(strings{"", "NULL"}), R"({"","NULL"})");
}

TEST(array_literal, escapes_quotes_and_backslashes_only) {
    EXPECT_EQ(array_literal(strings{R"(a"b)", R"(c\d)"}), R"({"a\"b","c\\d"})");
    EXPECT_EQ(array_literal(strings{"{'é'}"}), "{\"{'é'}\"}");
}

}  // namespace
}  // namespace chat_gateway::postgres
