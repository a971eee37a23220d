#include "js_number.hpp"

#include <gtest/gtest.h>

namespace chat_gateway::chat {
namespace {

TEST(js_number, integers_are_plain_up_to_21_digits) {
    EXPECT_EQ(js_number(0), "0");
    EXPECT_EQ(js_number(-0.0), "0");
    EXPECT_EQ(js_number(7), "7");
    EXPECT_EQ(js_number(-1200), "-1200");
    EXPECT_EQ(js_number(1700000000000), "1700000000000");
    EXPECT_EQ(js_number(1e20), "100000000000000000000");
    EXPECT_EQ(js_number(123456789012345680000.0), "123456789012345680000");
    EXPECT_EQ(js_number(1e21), "1e+21");
    EXPECT_EQ(js_number(-1.5e300), "-1.5e+300");
}

TEST(js_number, fractions_have_the_shortest_digits) {
    EXPECT_EQ(js_number(0.1), "0.1");
    EXPECT_EQ(js_number(1.5), "1.5");
    EXPECT_EQ(js_number(123.456), "123.456");
    EXPECT_EQ(js_number(0.1 + 0.2), "0.30000000000000004");
    EXPECT_EQ(js_number(-0.05), "-0.05");
}

TEST(js_number, small_ones_have_an_exponent_below_six_zeros) {
    EXPECT_EQ(js_number(0.000001), "0.000001");
    EXPECT_EQ(js_number(0.0000012), "0.0000012");
    EXPECT_EQ(js_number(1e-7), "1e-7");
    EXPECT_EQ(js_number(1.25e-9), "1.25e-9");
    EXPECT_EQ(js_number(5e-324), "5e-324");
    EXPECT_EQ(js_number(1.7976931348623157e308), "1.7976931348623157e+308");
}

}  // namespace
}  // namespace chat_gateway::chat
