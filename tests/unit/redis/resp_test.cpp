#include "resp.hpp"

#include "reply.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace chat_gateway::redis {
namespace {

using kind = front_reply::kind;
constexpr std::string_view plain = "*3\r\n$7\r\nmessage\r\n$2\r\nab\r\n$4\r\n\r\n*1\r\n";
constexpr std::string_view sharded = "*3\r\n$8\r\nsmessage\r\n$2\r\nab\r\n$1\r\nx\r\n";
constexpr std::string_view patterned = "*4\r\n$8\r\npmessage\r\n$2\r\na*\r\n$2\r\nab\r\n$0\r\n\r\n";

TEST(LookAtFront, ShowsMessagesInPlace) {
    const std::string bytes = std::string(plain) + std::string(patterned);
    const auto first = look_at_front(bytes);
    EXPECT_EQ(first.what, kind::message);
    EXPECT_EQ(first.size, plain.size());
    EXPECT_EQ(first.channel, "ab");
    EXPECT_EQ(first.payload, "\r\n*1");
    EXPECT_EQ(first.channel.data(), bytes.data() + 21) << "no copy";
    const auto second = look_at_front(std::string_view(bytes).substr(first.size));
    EXPECT_EQ(second.what, kind::message);
    EXPECT_EQ(second.channel, "ab");
    EXPECT_EQ(second.payload, "");
    const auto third = look_at_front(sharded);
    EXPECT_EQ(third.what, kind::message);
    EXPECT_EQ(third.channel, "ab");
    EXPECT_EQ(third.payload, "x");
}

TEST(LookAtFront, WaitsForTheRestWhereverItIsCut) {
    for (const std::string_view whole :
         {plain, sharded, patterned, std::string_view("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"),
          std::string_view("+OK\r\n"), std::string_view("-ERR no\r\n"), std::string_view("$-1\r\n"),
          std::string_view("*2\r\n*1\r\n:5\r\n*0\r\n"), std::string_view("*-1\r\n")}) {
        for (std::size_t cut = 0; cut < whole.size(); ++cut)
            EXPECT_EQ(look_at_front(whole.substr(0, cut)).what, kind::incomplete) << whole << cut;
        EXPECT_EQ(look_at_front(whole).size, whole.size()) << whole;
        EXPECT_EQ(look_at_front(std::string(whole) + "+more").size, whole.size()) << whole;
    }
}

TEST(LookAtFront, TellsWhatIsNoMessageByItsExtent) {
    for (const std::string_view bytes :
         {"*3\r\n$7\r\nmessagf\r\n$1\r\na\r\n$1\r\nb\r\n", "*2\r\n$7\r\nmessage\r\n$1\r\na\r\n",
          "$3\r\nabc\r\n", ":12\r\n"}) {
        EXPECT_EQ(look_at_front(bytes).what, kind::other) << bytes;
        EXPECT_EQ(look_at_front(bytes).size, bytes.size()) << bytes;
    }
}

TEST(LookAtFront, RefusesWhatIsNoResp) {
    for (const std::string_view bytes :
         {"hello\r\n", "$x\r\n", "$3\r\nabcd\r\n", "$-2\r\n", "*-7\r\n", "+a\n", "\r\n",
          "$99999999999\r\n", "$18446744073709551616\r\n", "*3\r\n$7\r\nmessage\r\n:1\r\n",
          "*3\r\n$7\r\nmessage\r\n$-1\r\n", "*3\r\n$7\r\nmessage\r\n$1\r\nab\r\n",
          "$0000000000000000000000000000001", "$03\r\nabc\r\n", "$-0\r\n\r\n", "*00\r\n",
          "*3\r\n$7\r\nmessage\r\n$01\r\na\r\n$1\r\nb\r\n"})
        EXPECT_EQ(look_at_front(bytes).what, kind::malformed) << bytes;
}

TEST(LookAtFront, NestingIsBounded) {
    std::string deep;
    for (std::size_t i = 0; i < reply_reader::max_depth; ++i)
        deep += "*1\r\n";
    EXPECT_EQ(look_at_front(deep + ":1\r\n").what, kind::other);
    EXPECT_EQ(look_at_front(deep + "*1\r\n:1\r\n").what, kind::malformed);
}

}  // namespace
}  // namespace chat_gateway::redis
