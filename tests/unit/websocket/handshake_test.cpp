#include <chat_gateway/websocket/handshake.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace chat_gateway::websocket;

TEST(Handshake, AcceptKeyOfTheStandardsExample) {
    EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Handshake, AcceptKeyDependsOnTheKey) {
    EXPECT_EQ(accept_key("x3JJHMbDL1EzLkh9GBhXDw=="), "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
}

TEST(Handshake, KeyIsSixteenBytesInBase64) {
    EXPECT_TRUE(is_valid_key("dGhlIHNhbXBsZSBub25jZQ=="));
    EXPECT_TRUE(is_valid_key("AZaz09+/AZaz09+/AZaz09=="));
}

TEST(Handshake, OtherKeysAreRefused) {
    for (const auto* bad :
         {"", "==", "dGhlIHNhbXBsZSBub25jZQ",
          "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25jZQAA",
          "dGhlIHNhbXBsZSBub25j====", "dGhlIHNhbXBsZSBub25jZ-==", "dGhlIHNhbXBsZSBub25jZ_==",
          " GhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ==AA"}) {
        EXPECT_FALSE(is_valid_key(bad)) << bad;
    }
    EXPECT_FALSE(is_valid_key(std::string(22, '\0') + "=="));
}

}  // namespace
