#include <chat_gateway/engineio/payload.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::engineio {
namespace {

packet text_message(std::string_view data) {
    return {packet_type::message, data};
}
packet binary_message(std::string_view bytes) {
    return {packet_type::message, bytes, true};
}

using packets = std::vector<packet>;

TEST(Payload, OnePacket) {
    const auto p = decode_payload("40");
    EXPECT_FALSE(p.malformed);
    EXPECT_EQ(p.packets, packets{text_message("0")});
}

TEST(Payload, SplitsAtTheSeparator) {
    const auto p = decode_payload(
        "42[\"a\"]\x1e"
        "3\x1e"
        "4");
    EXPECT_FALSE(p.malformed);
    EXPECT_EQ(p.packets,
              (packets{text_message("2[\"a\"]"), {packet_type::pong, ""}, text_message("")}));
}

TEST(Payload, EventFollowedByItsAttachment) {
    const auto p = decode_payload(
        "451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\x1e"
        "bAQIDBA==");
    EXPECT_FALSE(p.malformed);
    EXPECT_EQ(p.packets, (packets{text_message("51-[\"echo\",{\"_placeholder\":true,\"num\":0}]"),
                                  binary_message("\x01\x02\x03\x04")}));
}

TEST(Payload, BadBase64IsDecodedLeniently) {
    const auto p = decode_payload(
        "b!!!\x1e"
        "b");
    EXPECT_FALSE(p.malformed);
    EXPECT_EQ(p.packets, (packets{binary_message(""), binary_message("")}));
}

TEST(Payload, ManyBinariesKeepTheirBytesWhenMoved) {
    std::string body;
    for (int i = 0; i < 1000; ++i)
        append_binary(body, std::to_string(i));
    auto decoded = decode_payload(body);
    const auto p = std::move(decoded);
    ASSERT_EQ(p.packets.size(), 1000U);
    for (int i = 0; i < 1000; ++i)
        EXPECT_EQ(p.packets[i], binary_message(std::to_string(i)));
}

TEST(Payload, MalformedWithoutPackets) {
    for (const auto* body : {"", "\x1e", "9", "hello",
                             "\x1e"
                             "40"}) {
        const auto p = decode_payload(body);
        EXPECT_TRUE(p.malformed) << body;
        EXPECT_TRUE(p.packets.empty()) << body;
    }
}

TEST(Payload, PacketsInFrontOfABadOneAreKept) {
    for (const auto* body : {"40\x1e",
                             "40\x1e\x1e"
                             "41",
                             "40\x1e"
                             "9\x1e"
                             "41"}) {
        const auto p = decode_payload(body);
        EXPECT_TRUE(p.malformed) << body;
        EXPECT_EQ(p.packets, packets{text_message("0")}) << body;
    }
}

TEST(Payload, AppendsWithSeparatorsBetween) {
    std::string body;
    append_text(body, "42[\"echo\",\"a\"]");
    EXPECT_EQ(body, "42[\"echo\",\"a\"]");
    append_text(body, "431[\"b\"]");
    append_binary(body, std::string_view("\x01\x02\x03\x04", 4));
    EXPECT_EQ(body,
              "42[\"echo\",\"a\"]\x1e"
              "431[\"b\"]\x1e"
              "bAQIDBA==");
}

RC_GTEST_PROP(Payload, DecodesWhatItAppends, ()) {
    using message = std::pair<bool, std::string>;  // binary?, bytes
    const auto bytes = rc::gen::container<std::string>(rc::gen::suchThat(
        rc::gen::arbitrary<char>(), [](char c) { return c != record_separator; }));
    const auto messages = *rc::gen::nonEmpty(
        rc::gen::container<std::vector<message>>(rc::gen::pair(rc::gen::arbitrary<bool>(), bytes)));

    std::string body;
    for (const auto& [binary, data] : messages) {
        binary ? append_binary(body, data)
               : append_text(body, encode_packet(packet_type::message, data));
    }
    const auto p = decode_payload(body);
    RC_ASSERT(!p.malformed);
    RC_ASSERT(p.packets.size() == messages.size());
    for (std::size_t i = 0; i < messages.size(); ++i) {
        RC_ASSERT(p.packets[i].binary == messages[i].first);
        RC_ASSERT(p.packets[i].data == messages[i].second);
    }
}

}  // namespace
}  // namespace chat_gateway::engineio
