#include <chat_gateway/socketio/stream_position.hpp>

#include <gtest/gtest.h>

namespace chat_gateway::socketio {
namespace {

TEST(StreamPosition, IsInTheOrderOfTheStream) {
    const auto at = [](std::string_view id) { return stream_position(id).value(); };
    EXPECT_LT(at("1795380179958-0"), at("1795380179958-1"));
    EXPECT_LT(at("1795380179958-4194303"), at("1795380179959-0"));
    EXPECT_EQ(at("0-0"), 0U);
    EXPECT_EQ(at("1795380179958-12"), stream_position(1795380179958, 12));
}

TEST(StreamPosition, GoesBackToTheId) {
    for (const char* id : {"0-0", "0-1", "1-0", "1795380179958-4194303", "4398046511103-4194303"})
        EXPECT_EQ(stream_id(stream_position(id).value()), id);
}

TEST(StreamPosition, WhatItWouldNotPrintIsNone) {
    for (const char* id :
         {"", "-", "1", "1-", "-1", "01-1", "1-01", "1-+1", " 1-1", "1-1 ", "1-1-1", "a-1", "1-a",
          "1.0-1", "4398046511104-0", "1-4194304", "99999999999999999999-1"})
        EXPECT_FALSE(stream_position(id)) << id;
    EXPECT_FALSE(stream_position(std::uint64_t{1} << 42, 0));
    EXPECT_FALSE(stream_position(1, std::uint64_t{1} << 22));
}

}  // namespace
}  // namespace chat_gateway::socketio
