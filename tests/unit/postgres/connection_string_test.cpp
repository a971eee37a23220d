#include "connection_string.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace chat_gateway::postgres {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(connection_string, gets_limits) {
    const auto url = with_time_limits("postgresql://db.example/app");
    EXPECT_THAT(url, StartsWith("postgresql://db.example/app?connect_timeout=5&"));
    EXPECT_THAT(url, HasSubstr("&keepalives_idle=10&"));
    EXPECT_THAT(url, HasSubstr("&tcp_user_timeout=10000"));
}

TEST(connection_string, the_operators_parameters_come_last_and_win) {
    EXPECT_THAT(with_time_limits("postgresql://h/d?connect_timeout=2&sslmode=require"),
                EndsWith("&connect_timeout=2&sslmode=require"));
    EXPECT_THAT(with_time_limits("postgresql://h/d?"), EndsWith("=chat-gateway"));
}

TEST(connection_string, a_question_mark_in_the_password_is_no_parameter) {
    EXPECT_THAT(with_time_limits("postgresql://u:a?b@h/d"),
                StartsWith("postgresql://u:a?b@h/d?connect_timeout=5&"));
    EXPECT_THAT(with_time_limits("postgresql://u:a?b@h/d?sslmode=require"),
                StartsWith("postgresql://u:a?b@h/d?connect_timeout=5&"));
}

TEST(without_password, hides_it_wherever_it_is_quoted) {
    EXPECT_EQ(without_password("bad URI postgresql://u:geheim@h/d, near geheim",
                               "postgresql://u:geheim@h/d"),
              "bad URI postgresql://u:***@h/d, near ***");
    EXPECT_EQ(without_password("see password=geheim&x", "postgresql://h/d?password=geheim&x=1"),
              "see password=***&x");
}

TEST(without_password, leaves_other_messages_alone) {
    EXPECT_EQ(without_password("connection refused", "postgresql://u:geheim@h/d"),
              "connection refused");
    EXPECT_EQ(without_password("connection refused", "postgresql://u@h/d"), "connection refused");
    EXPECT_EQ(without_password("connection refused", "postgresql://u:@h/d"), "connection refused");
}

}  // namespace
}  // namespace chat_gateway::postgres
