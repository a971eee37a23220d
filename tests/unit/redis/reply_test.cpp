#include "reply.hpp"

#include <gtest/gtest.h>

namespace chat_gateway::redis {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

reply text(std::string s) {
    return {.type = reply::kind::text, .text = std::move(s)};
}
reply number(std::int64_t n) {
    return {.type = reply::kind::integer, .integer = n};
}
reply list(std::vector<reply> e) {
    return {.type = reply::kind::array, .elements = std::move(e)};
}

TEST(RedisReply, EachKindIsRead) {
    reply_reader reader;
    std::vector<reply> out;
    const std::string bytes =
        "+OK\r\n-WRONGPASS not this one\r\n:-12\r\n$3\r\na\r\n\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n"
        "*3\r\n$1\r\nx\r\n:5\r\n*2\r\n$-1\r\n+s\r\n";
    ASSERT_TRUE(reader.feed(bytes, out).has_value());
    const std::vector<reply> expected = {
        {.type = reply::kind::status, .text = "OK"},
        {.type = reply::kind::error, .text = "WRONGPASS not this one"},
        number(-12),
        text("a\r\n"),
        text(""),
        reply{},
        reply{},
        list({}),
        list({text("x"), number(5), list({reply{}, {.type = reply::kind::status, .text = "s"}})})};
    EXPECT_EQ(out, expected);
    EXPECT_TRUE(out[1].is_error());
    EXPECT_FALSE(out[0].is_error());
}

TEST(RedisReply, AnySplitOfTheBytesGivesTheSame) {
    const std::string bytes =
        "*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$4\r\n\0\r\n\xff\r\n:7\r\n-ERR x\r\n"s;
    std::vector<reply> whole;
    ASSERT_TRUE(reply_reader().feed(bytes, whole).has_value());
    ASSERT_EQ(whole.size(), 3U);
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
        reply_reader reader;
        std::vector<reply> out;
        ASSERT_TRUE(reader.feed(std::string_view(bytes).substr(0, cut), out).has_value());
        ASSERT_TRUE(reader.feed(std::string_view(bytes).substr(cut), out).has_value());
        EXPECT_EQ(out, whole) << "cut at " << cut;
    }
    reply_reader reader;
    std::vector<reply> out;
    for (const char c : bytes)
        ASSERT_TRUE(reader.feed({&c, 1}, out).has_value());
    EXPECT_EQ(out, whole);
}

TEST(RedisReply, ManyRepliesOfOneReadComeInOrder) {
    std::string bytes;
    std::vector<reply> expected;
    for (int i = 0; i < 20000; ++i) {
        const auto digits = std::to_string(i);
        bytes += "$" + std::to_string(digits.size()) + "\r\n" + digits + "\r\n";
        expected.push_back(text(digits));
    }
    reply_reader reader;
    std::vector<reply> out;
    ASSERT_TRUE(reader.feed(bytes, out).has_value());
    EXPECT_EQ(out, expected);
}

TEST(RedisReply, WhatIsNoReplyIsMalformed) {
    for (const std::string_view bytes :
         {"HTTP/1.1 400 Bad Request\r\n", "x", "$-2\r\n", "$99999999999999999999\r\n", "*-7\r\n",
          "*1\r\n?\r\n", ":12a\r\n"}) {
        reply_reader reader;
        std::vector<reply> out;
        const auto fed = reader.feed(bytes, out);
        ASSERT_FALSE(fed.has_value()) << bytes;
        EXPECT_EQ(fed.error(), errc::malformed);
        EXPECT_TRUE(out.empty());
    }
}

TEST(RedisReply, RepliesBeforeTheMalformedOneAreKept) {
    reply_reader reader;
    std::vector<reply> out;
    EXPECT_FALSE(reader.feed(":1\r\n?", out).has_value());
    EXPECT_EQ(out, std::vector<reply>{number(1)});
}

// RESP3 is not asked for; these would need their own handling.
TEST(RedisReply, Resp3NumbersAndBooleansAreRefused) {
    for (const std::string_view bytes : {",1.5\r\n", "#t\r\n"}) {
        reply_reader reader;
        std::vector<reply> out;
        EXPECT_FALSE(reader.feed(bytes, out).has_value()) << bytes;
        EXPECT_TRUE(out.empty());
    }
}

TEST(RedisReply, ElementsAreBoundedBeforeTheyAreAllocated) {
    const auto header = [](std::size_t n) { return "*" + std::to_string(n) + "\r\n"; };
    std::vector<reply> out;
    EXPECT_TRUE(reply_reader().feed(header(reply_reader::max_elements), out).has_value());
    EXPECT_FALSE(reply_reader().feed(header(reply_reader::max_elements + 1), out).has_value());
    EXPECT_FALSE(reply_reader().feed("*2147483647\r\n", out).has_value());
    // Nested arrays share one allowance ...
    const auto half = header(reply_reader::max_elements / 2 + 1);
    EXPECT_FALSE(reply_reader().feed(half + half, out).has_value());
    // ... and each reply has its own.
    reply_reader reader;
    std::string full = header(reply_reader::max_elements);
    for (std::size_t i = 0; i < reply_reader::max_elements; ++i)
        full += ":1\r\n";
    ASSERT_TRUE(reader.feed(full + full, out).has_value());
    EXPECT_EQ(out.size(), 2U);
}

TEST(RedisReply, NestingIsBounded) {
    std::string bytes;
    for (std::size_t i = 0; i < reply_reader::max_depth; ++i)
        bytes += "*1\r\n";
    std::vector<reply> out;
    ASSERT_TRUE(reply_reader().feed(bytes + ":1\r\n", out).has_value());
    EXPECT_EQ(out.size(), 1U);
    const auto fed = reply_reader().feed(bytes + "*1\r\n", out);
    ASSERT_FALSE(fed.has_value());
    EXPECT_EQ(fed.error(), errc::malformed);
}

TEST(RedisReply, OneReplyMayNotGrowForEver) {
    reply_reader reader;
    std::vector<reply> out;
    ASSERT_TRUE(reader.feed("$400000000\r\n", out).has_value());
    const std::string megabyte(1 << 20, 'x');
    result<> fed;
    std::size_t megabytes = 0;
    while (fed && megabytes < 100) {
        fed = reader.feed(megabyte, out);
        ++megabytes;
    }
    ASSERT_FALSE(fed.has_value());
    EXPECT_EQ(fed.error(), errc::too_large);
    EXPECT_EQ(megabytes, 64U);
}

TEST(RedisReply, AnErrorsCodeIsItsFirstWord) {
    EXPECT_EQ(error_code_word({.type = reply::kind::error, .text = "ERR unknown 'secret'"}), "ERR");
    EXPECT_EQ(error_code_word({.type = reply::kind::error, .text = "LOADING"}), "LOADING");
    EXPECT_EQ(error_code_word({}), "");
}

TEST(RedisCommand, WordsAreBinarySafe) {
    EXPECT_EQ(make_command({"GET", "a\0\r\n"sv, ""}),
              "*3\r\n$3\r\nGET\r\n$4\r\na\0\r\n\r\n$0\r\n\r\n"s);
}

}  // namespace
}  // namespace chat_gateway::redis
