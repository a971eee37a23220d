#include <chat_gateway/socketio/recovery.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace chat_gateway::socketio {
namespace {

TEST(RecoveryClaim, NeedsPidAndOffset) {
    EXPECT_EQ(claim_of(R"({"pid":"p","offset":"o"})"), (recovery_claim{"p", "o"}));
    EXPECT_EQ(claim_of(R"({"token":{"pid":"x"},"offset":"o","pid":"p"})"),
              (recovery_claim{"p", "o"}));
    for (const char* auth :
         {"", "{}", R"({"pid":"p"})", R"({"offset":"o"})", R"({"pid":"","offset":"o"})",
          R"({"pid":"p","offset":""})", R"({"pid":1,"offset":"o"})", R"({"pid":"p","offset":null})",
          R"({"a":{"pid":"p","offset":"o"}})", R"(["pid","offset"])", R"({"pid":)"})
        EXPECT_EQ(claim_of(auth), std::nullopt) << auth;
}

TEST(RecoveryClaim, LongTextsAreNotLookedAt) {
    const std::string longest(max_claim_text, 'x');
    EXPECT_NE(claim_of(R"({"pid":")" + longest + R"(","offset":"o"})"), std::nullopt);
    EXPECT_EQ(claim_of(R"({"pid":"x)" + longest + R"(","offset":"o"})"), std::nullopt);
    EXPECT_EQ(claim_of(R"({"pid":"p","offset":"x)" + longest + R"("})"), std::nullopt);
    const std::string filler(max_claim_auth, 'x');
    EXPECT_EQ(claim_of(R"({"pid":"p","offset":"o","f":")" + filler + R"("})"), std::nullopt);
}

TEST(Offset, ReadsWhatItWrote) {
    const offset_format format("Ab3xYz");
    EXPECT_EQ(format.text(17), "Ab3xYz.17");
    for (const std::uint64_t position :
         {std::uint64_t{1}, std::uint64_t{10}, std::numeric_limits<std::uint64_t>::max()})
        EXPECT_EQ(format.position(format.text(position)), position);
}

TEST(Offset, OthersAreUnknown) {
    const offset_format format("Ab3xYz");
    for (const char* offset :
         {"", "Ab3xYz", "Ab3xYz.", "Ab3xYy.17", "ab3xyz.17", "Ab3xYz17", "Ab3xYz.-1", "Ab3xYz.+1",
          "Ab3xYz. 1", "Ab3xYz.1 ", "Ab3xYz.1.2", "Ab3xYz.0", "Ab3xYz.017",
          "Ab3xYz.18446744073709551616", "1795380179958-0"})
        EXPECT_EQ(format.position(offset), std::nullopt) << offset;
}

TEST(WithArgument, AddsItAtTheEnd) {
    const auto whole = [](std::string_view event) {
        const auto [text, rest] = with_argument(event, "o.1");
        return std::string(text) + rest;
    };
    EXPECT_EQ(whole(R"(2["m",1])"), R"(2["m",1,"o.1"])");
    EXPECT_EQ(whole(R"(2["m"])"), R"(2["m","o.1"])");
    EXPECT_EQ(whole(R"(51-["b",{"_placeholder":true,"num":0}])"),
              R"(51-["b",{"_placeholder":true,"num":0},"o.1"])");
    EXPECT_EQ(whole(R"(2["m","a ] b"])"), R"(2["m","a ] b","o.1"])");
}

}  // namespace
}  // namespace chat_gateway::socketio
