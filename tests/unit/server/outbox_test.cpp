#include "outbox.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace chat_gateway::server {
namespace {

wire_ref text(std::string_view data) {
    return wire_ref(wire_bytes::message(data));
}

TEST(WirePacket, FrameAndPacketAreTheSameBytes) {
    const auto small = wire_bytes::message("2[\"e\"]");
    EXPECT_EQ(small.frame(), std::string("\x81\x07"
                                         "42[\"e\"]"));
    EXPECT_EQ(small.packet(), "42[\"e\"]");
    EXPECT_FALSE(small.is_binary());
    const auto binary = wire_bytes::binary(std::string_view("\0\1\2", 3));
    EXPECT_EQ(binary.frame(), std::string("\x82\x03\0\1\2", 5));
    EXPECT_EQ(binary.packet(), std::string_view("\0\1\2", 3));
    EXPECT_TRUE(binary.is_binary());
}

TEST(WirePacket, LongPacketsHaveLongHeaders) {
    const std::string data(70000, 'x');
    const auto packet = wire_bytes::message(data);
    EXPECT_EQ(packet.frame().size(), data.size() + 11);
    EXPECT_EQ(packet.packet(), "4" + data);
}

TEST(Outbox, PollingTakesAllOfItAsOneBody) {
    outbox out;
    out.push(text("a"));
    out.push(wire_ref(wire_bytes::binary("\1\2")));
    out.push(text("c"));
    EXPECT_EQ(out.take_payload(),
              "4a\x1e"
              "bAQI=\x1e"
              "4c");
    EXPECT_TRUE(out.empty());
    EXPECT_EQ(out.bytes(), 0U);
}

TEST(Outbox, AnySplitOfTheBytesSentGivesTheSameStream) {
    std::string expected;
    std::vector<wire_ref> packets;
    for (int i = 0; i < 5; ++i) {
        packets.push_back(text(std::string(static_cast<std::size_t>(i) * 3, 'x')));
        expected += packets.back()->frame();
    }
    for (std::size_t step = 1; step <= expected.size(); ++step) {
        outbox out;
        for (const auto& p : packets)
            out.push(p);
        std::string sent;
        std::vector<char> scratch(64);
        while (!out.empty()) {
            const std::size_t n = std::min(step, out.copy_frames(scratch.data(), scratch.size()));
            ASSERT_GT(n, 0U);
            sent.append(scratch.data(), n);
            out.consume(n);
            ASSERT_EQ(out.bytes(), expected.size() - sent.size());
        }
        EXPECT_EQ(sent, expected) << "in steps of " << step;
    }
}

TEST(Outbox, CopiesWholeFramesOnly) {
    outbox out;
    out.push(text("12345678"));
    out.push(text("12345678"));
    std::vector<char> scratch(64);
    EXPECT_EQ(out.copy_frames(scratch.data(), 15), 11U);
    EXPECT_EQ(out.copy_frames(scratch.data(), 10), 0U);
    EXPECT_EQ(out.copy_frames(scratch.data(), 22), 22U);
}

TEST(Outbox, RemembersWhereAFrameWasCut) {
    outbox out;
    out.push(text("abc"));
    out.push(text("def"));
    EXPECT_FALSE(out.front_begun());
    out.consume(2);
    EXPECT_TRUE(out.front_begun());
    EXPECT_EQ(out.front(), "4abc");
    EXPECT_EQ(out.take_frames(),
              "4abc\x81\x04"
              "4def");
    EXPECT_TRUE(out.empty());
    EXPECT_FALSE(out.front_begun());
}

TEST(Outbox, IsSmall) {
    EXPECT_LE(sizeof(outbox), 40U);
}

}  // namespace
}  // namespace chat_gateway::server
