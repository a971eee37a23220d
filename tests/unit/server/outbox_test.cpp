#include "outbox.hpp"

#include <chat_gateway/websocket/deflate.hpp>

#include <gtest/gtest.h>

#include <cstdint>
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

TEST(WirePacket, CompressedOnlyFromTheThresholdOn) {
    for (const std::size_t size : {1022U, 1023U}) {  // the packet has its type as well
        auto packet = wire_bytes::message(std::string(size, 'x'));
        packet.compress();
        EXPECT_EQ(packet.frame(true) != packet.frame(), size == 1023) << size;
    }
    auto binary = wire_bytes::binary(std::string(1024, 'x'));
    binary.compress();
    EXPECT_EQ(binary.frame(true).substr(0, 1), "\xc2");
}

TEST(WirePacket, TheCompressedFrameHoldsThePacket) {
    const std::string data(5000, 'x');
    auto packet = wire_bytes::message(data);
    EXPECT_EQ(packet.frame(true), packet.frame());
    packet.compress();
    EXPECT_EQ(packet.frame(false), packet.frame());
    EXPECT_EQ(packet.packet(), "4" + data);
    const auto frame = packet.frame(true);
    ASSERT_LT(frame.size(), 127U);
    EXPECT_EQ(frame.substr(0, 2), std::string("\xc1") + static_cast<char>(frame.size() - 2));
    std::string inflated;
    EXPECT_EQ(websocket::inflate_message(frame.substr(2), data.size() + 1, inflated),
              websocket::close_code::none);
    EXPECT_EQ(inflated, "4" + data);
}

TEST(WirePacket, WhatDoesNotShrinkStaysPlain) {
    std::string noise;
    for (std::uint64_t state = 1; noise.size() < 2000;) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        noise.push_back(static_cast<char>(state >> 56));
    }
    auto packet = wire_bytes::binary(noise);
    packet.compress();
    EXPECT_EQ(packet.frame(true), packet.frame());
}

wire_ref compressible(char c, std::size_t size = 3000) {
    auto packet = wire_bytes::message(std::string(size, c));
    packet.compress();
    return wire_ref(std::move(packet));
}

TEST(Outbox, CountsTheFramesThatWillBeSent) {
    const std::vector<wire_ref> packets{text("a"), compressible('b'), text("c"), compressible('d')};
    std::size_t plain = 0;
    std::size_t deflated = 0;
    std::string expected;
    outbox before;  // filled before the transport was known
    outbox after;
    after.use_deflate();
    for (const auto& p : packets) {
        before.push(p);
        after.push(p);
        plain += p->frame().size();
        deflated += p->frame(true).size();
        expected += p->frame(true);
    }
    EXPECT_EQ(before.bytes(), plain);
    EXPECT_EQ(after.bytes(), deflated);
    before.use_deflate();
    EXPECT_EQ(before.bytes(), deflated);
    EXPECT_EQ(before.take_frames(), expected);
    EXPECT_EQ(before.bytes(), 0U);
    after.consume(5);
    EXPECT_EQ(after.take_frames(), expected.substr(5));
}

TEST(Outbox, AnySplitOfCompressedFramesGivesTheSameStream) {
    std::string expected;
    std::vector<wire_ref> packets{compressible('a'), text("b"), compressible('c', 1100), text("")};
    for (const auto& p : packets)
        expected += p->frame(true);
    for (std::size_t step = 1; step <= expected.size(); ++step) {
        outbox out;
        for (const auto& p : packets)
            out.push(p);
        out.use_deflate();
        std::string sent;
        while (!out.empty()) {
            const std::string front(out.front().substr(0, step));
            ASSERT_FALSE(front.empty());
            sent += front;
            out.consume(front.size());
            ASSERT_EQ(out.bytes(), expected.size() - sent.size());
        }
        EXPECT_EQ(sent, expected) << "in steps of " << step;
    }
}

TEST(Outbox, PollingTakesThePlainPacket) {
    outbox out;
    out.push(compressible('a', 1500));
    out.push(text("b"));
    EXPECT_EQ(out.take_payload(), "4" + std::string(1500, 'a') + "\x1e" + "4b");
}

TEST(Outbox, IsSmall) {
    EXPECT_LE(sizeof(outbox), 40U);
}

}  // namespace
}  // namespace chat_gateway::server
