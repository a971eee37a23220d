#include <chat_gateway/http/date.hpp>

#include <gtest/gtest.h>

namespace chat_gateway::http {
namespace {

std::string at(std::time_t seconds) {
    return date_text(std::chrono::system_clock::from_time_t(seconds));
}

TEST(Date, IsTheFixedFormOfRfc9110) {
    EXPECT_EQ(at(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(at(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(at(1709164800), "Thu, 29 Feb 2024 00:00:00 GMT");
}

}  // namespace
}  // namespace chat_gateway::http
