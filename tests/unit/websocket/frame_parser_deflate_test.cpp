#include "unit/websocket/client_frame.hpp"
#include "unit/websocket/parser_dialogue.hpp"

#include <chat_gateway/websocket/deflate.hpp>
#include <chat_gateway/websocket/frame_parser.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace chat_gateway::tests;
using chat_gateway::websocket::deflate_message;
using chat_gateway::websocket::event;
using chat_gateway::websocket::frame_parser;
using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto with_deflate = frame_parser::compression::deflate;
constexpr unsigned rsv1 = 4;

std::string packed(std::string_view message) {
    return std::string(deflate_message(message));
}

std::string compressed_frame(std::string_view message, unsigned opcode = 1, bool fin = true) {
    return client_frame{.payload = packed(message), .opcode = opcode, .fin = fin, .reserved = rsv1}
        .bytes();
}

/// The message compressed, in fragments of `size` bytes.
std::string fragmented(std::string_view message, std::size_t size, unsigned opcode = 1,
                       const std::string& between = "") {
    const std::string all = packed(message);
    std::string out;
    for (std::size_t at = 0; at == 0 || at < all.size(); at += size) {
        if (at != 0) out += between;
        out += client_frame{.payload = all.substr(at, size),
                            .opcode = at == 0 ? opcode : 0,
                            .fin = at + size >= all.size(),
                            .reserved = at == 0 ? rsv1 : 0}
                   .bytes();
    }
    return out;
}

std::vector<seen> parse_deflate(std::string_view bytes, std::size_t max = 1000000) {
    frame_parser parser(max, with_deflate);
    return feed(parser, bytes);
}

std::vector<seen> parse_deflate_in_pieces(std::string_view bytes,
                                          const std::vector<std::size_t>& sizes,
                                          std::size_t max = 1000000) {
    frame_parser parser(max, with_deflate);
    std::vector<seen> all;
    for (std::size_t turn = 0; !bytes.empty(); ++turn) {
        const auto piece = bytes.substr(0, sizes[turn % sizes.size()]);
        bytes.remove_prefix(piece.size());
        for (auto& s : feed(parser, piece))
            all.push_back(std::move(s));
    }
    return all;
}

TEST(FrameParserDeflate, BytesOfTheStandardsExample) {
    // RFC 7692 section 7.2.3.1, masked with 00 00 00 00.
    EXPECT_THAT(parse_deflate("\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\x00"s),
                ElementsAre(text("Hello")));
    EXPECT_THAT(parse_deflate("\x41\x83\0\0\0\0\xf2\x48\xcd\x80\x84\0\0\0\0\xc9\xc9\x07\x00"s),
                ElementsAre(text("Hello")));
}

TEST(FrameParserDeflate, CompressedAndPlainMessagesInTurn) {
    EXPECT_THAT(parse_deflate(compressed_frame("one") + text_frame("two") +
                              compressed_frame("\xff\xfe", 2) + binary_frame("\xfd") +
                              compressed_frame("") + control_frame(9, "p") +
                              fragmented("three and more", 3)),
                ElementsAre(text("one"), text("two"), binary("\xff\xfe"), binary("\xfd"), text(""),
                            ping("p"), text("three and more")));
}

TEST(FrameParserDeflate, FragmentsWithControlFramesBetween) {
    EXPECT_THAT(parse_deflate(fragmented("Hello", 3, 1, control_frame(9, "?"))),
                ElementsAre(ping("?"), ping("?"), text("Hello")));
    EXPECT_THAT(parse_deflate(fragmented("Hello", 1, 2)), ElementsAre(binary("Hello")));
}

TEST(FrameParserDeflate, EmptyFragmentsCount) {
    const auto first = client_frame{.payload = "", .fin = false, .reserved = rsv1}.bytes();
    EXPECT_THAT(
        parse_deflate(first + continuation_frame("", false) +
                      continuation_frame(packed("x"), false) + continuation_frame("", true)),
        ElementsAre(text("x")));
}

TEST(FrameParserDeflate, WithoutItRsv1IsAnError) {
    EXPECT_THAT(parse(compressed_frame("a")), ElementsAre(error(1002)));
    EXPECT_THAT(parse(compressed_frame("a", 2)), ElementsAre(error(1002)));
    EXPECT_THAT(parse(fragmented("Hello", 3)), ElementsAre(error(1002)));
}

TEST(FrameParserDeflate, Rsv1OnContinuations) {
    const auto bad = [](bool fin) {
        return client_frame{.payload = "x", .opcode = 0, .fin = fin, .reserved = rsv1}.bytes();
    };
    for (const bool fin : {true, false}) {
        EXPECT_THAT(parse_deflate(bad(fin)), ElementsAre(error(1002)));
        EXPECT_THAT(parse_deflate(text_frame("a", false) + bad(fin)), ElementsAre(error(1002)));
        EXPECT_THAT(parse_deflate(compressed_frame("a", 1, false) + bad(fin)),
                    ElementsAre(error(1002)));
    }
}

TEST(FrameParserDeflate, Rsv1OnControlFrames) {
    for (const unsigned opcode : {8U, 9U, 10U}) {
        const auto bad = client_frame{.opcode = opcode, .reserved = rsv1}.bytes();
        EXPECT_THAT(parse_deflate(bad), ElementsAre(error(1002))) << opcode;
        EXPECT_THAT(parse_deflate(compressed_frame("a", 1, false) + bad), ElementsAre(error(1002)))
            << opcode;
    }
}

TEST(FrameParserDeflate, TheOtherReservedBitsStayErrors) {
    for (unsigned bits = 1; bits <= 7; ++bits) {
        if (bits == rsv1) continue;
        for (const unsigned opcode : {0U, 1U, 2U, 9U}) {
            EXPECT_THAT(
                parse_deflate(
                    client_frame{.payload = "a", .opcode = opcode, .reserved = bits}.bytes()),
                ElementsAre(error(1002)))
                << bits << ' ' << opcode;
        }
    }
}

TEST(FrameParserDeflate, Rsv1OnReservedOpcodes) {
    for (const unsigned opcode : {3U, 7U, 11U, 15U}) {
        EXPECT_THAT(parse_deflate(client_frame{.opcode = opcode, .reserved = rsv1}.bytes()),
                    ElementsAre(error(1002)))
            << opcode;
    }
}

TEST(FrameParserDeflate, Rsv1OnANewMessageInsideAFragmentedOne) {
    EXPECT_THAT(parse_deflate(text_frame("a", false) + compressed_frame("b")),
                ElementsAre(error(1002)));
}

TEST(FrameParserDeflate, TheFlagBelongsToItsMessage) {
    EXPECT_THAT(parse_deflate(fragmented("Hello", 3) + text_frame("plain", false) +
                              continuation_frame("", true)),
                ElementsAre(text("Hello"), text("plain")));
    EXPECT_THAT(parse_deflate(text_frame("pl", false) + continuation_frame("ain", true) +
                              fragmented("Hello", 3)),
                ElementsAre(text("plain"), text("Hello")));
}

TEST(FrameParserDeflate, InflatedTextIsCheckedBinaryIsNot) {
    for (const std::size_t size : {1000U, 2U}) {
        EXPECT_THAT(parse_deflate(fragmented("ok \xff", size)), ElementsAre(error(1007)));
        EXPECT_THAT(parse_deflate(fragmented("cut \xe2\x82", size)), ElementsAre(error(1007)));
        EXPECT_THAT(parse_deflate(fragmented("ok \xff", size, 2)), ElementsAre(binary("ok \xff")));
        EXPECT_THAT(parse_deflate(fragmented("\xf0\x9f\x98\x80", size)),
                    ElementsAre(text("\xf0\x9f\x98\x80")));
    }
}

TEST(FrameParserDeflate, WhatIsNoDeflateIsAnInvalidPayload) {
    const auto bad = client_frame{.payload = "\xff\xff\xff", .opcode = 2, .reserved = rsv1};
    EXPECT_THAT(parse_deflate(bad.bytes()), ElementsAre(error(1007)));
    const auto cut =
        client_frame{.payload = packed(std::string(500, 'x')).substr(0, 3), .reserved = rsv1};
    EXPECT_THAT(parse_deflate(cut.bytes() + text_frame("a")), ElementsAre(error(1007)));
}

TEST(FrameParserDeflate, BombsEndAtTheLimit) {
    const std::string bomb(1'000'001, 'x');
    EXPECT_THAT(parse_deflate(compressed_frame(bomb)), ElementsAre(error(1009)));
    EXPECT_THAT(parse_deflate(fragmented(bomb, 100)), ElementsAre(error(1009)));
    EXPECT_THAT(parse_deflate(compressed_frame(bomb.substr(1))), ElementsAre(text(bomb.substr(1))));
}

TEST(FrameParserDeflate, TheLimitHoldsForTheCompressedBytesToo) {
    const auto head = client_frame{.reserved = rsv1}.head(1001);
    EXPECT_THAT(parse_deflate(head, 1000), ElementsAre(error(1009)));
    const auto first =
        client_frame{.payload = std::string(600, 'x'), .fin = false, .reserved = rsv1};
    EXPECT_THAT(parse_deflate(first.bytes() + client_frame{.opcode = 0}.head(401), 1000),
                ElementsAre(error(1009)));
}

TEST(FrameParserDeflate, EverySplitOfAMessage) {
    const auto bytes = compressed_frame("Hello") + fragmented("of the standard", 4, 2) +
                       control_frame(9, "x") + text_frame("plain");
    const auto expected =
        std::vector{text("Hello"), binary("of the standard"), ping("x"), text("plain")};
    for (std::size_t size = 1; size <= bytes.size(); ++size)
        ASSERT_EQ(parse_deflate_in_pieces(bytes, {size}), expected) << size;
}

rc::Gen<std::string> any_frame() {
    return rc::gen::apply(
        [](unsigned opcode, bool fin, unsigned reserved, unsigned fault, std::string payload,
           bool squeeze) {
            if (squeeze && opcode < 8) payload = packed(payload);
            client_frame f{.payload = std::move(payload),
                           .opcode = opcode,
                           .fin = fin || opcode >= 8,
                           .reserved = opcode == 1 || opcode == 2 || fault == 0 ? reserved : 0};
            if (opcode >= 8) f.payload.resize(std::min<std::size_t>(f.payload.size(), 125));
            return f.bytes();
        },
        rc::gen::element(0U, 0U, 1U, 1U, 2U, 8U, 9U, 9U), rc::gen::arbitrary<bool>(),
        rc::gen::element(0U, 4U, 4U), rc::gen::inRange(0U, 40U),
        rc::gen::map(rc::gen::pair(rc::gen::inRange<std::size_t>(0, 600),
                                   rc::gen::element("a", "\xc3\xa9", "\xff", "xyz ")),
                     [](const auto& p) {
                         std::string s;
                         while (s.size() < p.first)
                             s += p.second;
                         return s;
                     }),
        rc::gen::element(true, true, true, false));
}

RC_GTEST_PROP(FrameParserDeflateProperty, AnySplitGivesTheSameEvents, ()) {
    std::string stream;
    for (const auto& f : *rc::gen::container<std::vector<std::string>>(any_frame()))
        stream += f;
    const auto sizes = *rc::gen::nonEmpty(
        rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(1, 40)));
    constexpr std::size_t limit = 500;
    const auto at_once = parse_deflate(stream, limit);
    RC_ASSERT(parse_deflate_in_pieces(stream, sizes, limit) == at_once);
    RC_ASSERT(parse_deflate_in_pieces(stream, {1}, limit) == at_once);
    for (const auto& s : at_once)
        RC_ASSERT(s.payload.size() <= limit);
}

RC_GTEST_PROP(FrameParserDeflateProperty, FragmentsJoinToWhatWasCompressed, ()) {
    const auto message = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
    const auto size = *rc::gen::inRange<std::size_t>(1, 50);
    RC_ASSERT(parse_deflate(fragmented(message, size, 2, control_frame(10))).back() ==
              binary(message));
}

}  // namespace
