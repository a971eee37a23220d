#include "unit/websocket/client_frame.hpp"
#include "unit/websocket/parser_dialogue.hpp"

#include <chat_gateway/websocket/frame_parser.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace chat_gateway::tests;
using chat_gateway::websocket::frame_parser;
using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string smiley = "\xf0\x9f\x98\x80";

TEST(FrameParser, WholeMessages) {
    EXPECT_THAT(parse(text_frame("Hello")), ElementsAre(text("Hello")));
    EXPECT_THAT(parse(binary_frame("\x00\xff\x80"s)), ElementsAre(binary("\x00\xff\x80"s)));
}

TEST(FrameParser, BytesOfTheStandardsExample) {
    EXPECT_THAT(parse("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), ElementsAre(text("Hello")));
}

TEST(FrameParser, SeveralFramesInOneBuffer) {
    EXPECT_THAT(
        parse(text_frame("a") + control_frame(9, "p") + binary_frame("b") + control_frame(10)),
        ElementsAre(text("a"), ping("p"), binary("b"), pong("")));
}

TEST(FrameParser, EmptyMessages) {
    EXPECT_THAT(parse(text_frame("")), ElementsAre(text("")));
    EXPECT_THAT(parse(binary_frame("")), ElementsAre(binary("")));
    EXPECT_THAT(
        parse(text_frame("", false) + continuation_frame("", false) + continuation_frame("", true)),
        ElementsAre(text("")));
}

TEST(FrameParser, UnmasksPayloadsOfEveryLength) {
    for (std::size_t size = 0; size < 300; ++size) {
        std::string payload;
        for (std::size_t i = 0; i < size; ++i)
            payload.push_back(static_cast<char>(i * 7));
        ASSERT_THAT(parse(binary_frame(payload)), ElementsAre(binary(payload))) << size;
    }
}

TEST(FrameParser, UnmasksInTheCallersBuffer) {
    auto bytes = text_frame("in place");
    frame_parser parser(1000);
    parser.feed(bytes);
    const auto e = parser.next();
    ASSERT_TRUE(e);
    EXPECT_EQ(e->payload.data(), bytes.data() + 6);
}

TEST(FrameParser, NothingFedNothingComes) {
    frame_parser parser(1000);
    EXPECT_FALSE(parser.next());
    EXPECT_THAT(feed(parser, ""), IsEmpty());
}

TEST(FrameParser, ByteByByte) {
    const auto bytes = text_frame("Hello") + control_frame(9, "x") + text_frame("a", false) +
                       continuation_frame("b", true) + binary_frame(std::string(70000, 'z'));
    EXPECT_THAT(parse_in_pieces(bytes, {1}),
                ElementsAre(text("Hello"), ping("x"), text("ab"), binary(std::string(70000, 'z'))));
}

TEST(FrameParser, UnmaskedFrame) {
    EXPECT_THAT(parse(client_frame{.payload = "a", .masked = false}.bytes()),
                ElementsAre(error(1002)));
    EXPECT_THAT(parse(client_frame{.opcode = 9, .masked = false}.bytes()),
                ElementsAre(error(1002)));
}

TEST(FrameParser, EachReservedBit) {
    for (const unsigned bit : {4U, 2U, 1U}) {
        EXPECT_THAT(parse(client_frame{.payload = "a", .reserved = bit}.bytes()),
                    ElementsAre(error(1002)))
            << bit;
        EXPECT_THAT(parse(client_frame{.opcode = 9, .reserved = bit}.bytes()),
                    ElementsAre(error(1002)))
            << bit;
    }
}

TEST(FrameParser, EachReservedOpcode) {
    for (const unsigned opcode : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) {
        EXPECT_THAT(parse(control_frame(opcode)), ElementsAre(error(1002))) << opcode;
    }
}

TEST(FrameParser, FragmentedControlFrame) {
    for (const unsigned opcode : {8U, 9U, 10U}) {
        EXPECT_THAT(parse(client_frame{.opcode = opcode, .fin = false}.bytes()),
                    ElementsAre(error(1002)))
            << opcode;
    }
}

TEST(FrameParser, ControlFrameOfUpTo125Bytes) {
    const std::string longest(125, 'x');
    EXPECT_THAT(parse(control_frame(9, longest)), ElementsAre(ping(longest)));
    EXPECT_THAT(parse(control_frame(10, longest)), ElementsAre(pong(longest)));
    for (const unsigned opcode : {8U, 9U, 10U}) {
        EXPECT_THAT(parse(control_frame(opcode, longest + "x")), ElementsAre(error(1002)))
            << opcode;
        EXPECT_THAT(
            parse(client_frame{.payload = "ab", .opcode = opcode, .length_bytes = 2}.bytes()),
            ElementsAre(error(1002)));
        EXPECT_THAT(
            parse(client_frame{.payload = "ab", .opcode = opcode, .length_bytes = 8}.bytes()),
            ElementsAre(error(1002)));
    }
}

TEST(FrameParser, ControlFramesDoNotCountAgainstTheMessageLimit) {
    EXPECT_THAT(parse(control_frame(9, "12345"), 4), ElementsAre(ping("12345")));
    EXPECT_THAT(
        parse(text_frame("abcd", false) + control_frame(9, "12345") + continuation_frame("", true),
              4),
        ElementsAre(ping("12345"), text("abcd")));
}

TEST(FrameParser, OrphanContinuation) {
    EXPECT_THAT(parse(continuation_frame("a", true)), ElementsAre(error(1002)));
    EXPECT_THAT(parse(continuation_frame("a", false)), ElementsAre(error(1002)));
    EXPECT_THAT(parse(text_frame("a") + continuation_frame("b", true)),
                ElementsAre(text("a"), error(1002)));
    EXPECT_THAT(parse(text_frame("a", false) + continuation_frame("b", true) +
                      continuation_frame("c", true)),
                ElementsAre(text("ab"), error(1002)));
}

TEST(FrameParser, NewMessageInsideAFragmentedOne) {
    EXPECT_THAT(parse(text_frame("a", false) + text_frame("b")), ElementsAre(error(1002)));
    EXPECT_THAT(parse(text_frame("a", false) + binary_frame("b", false)), ElementsAre(error(1002)));
    EXPECT_THAT(parse(binary_frame("", false) + binary_frame("b")), ElementsAre(error(1002)));
}

TEST(FrameParser, FragmentsMakeOneMessage) {
    EXPECT_THAT(parse(text_frame("Hel", false) + continuation_frame("", false) +
                      continuation_frame("lo", true)),
                ElementsAre(text("Hello")));
    EXPECT_THAT(parse(binary_frame("\xff"s, false) + continuation_frame("\xfe"s, true) +
                      text_frame("next")),
                ElementsAre(binary("\xff\xfe"s), text("next")));
}

TEST(FrameParser, EachFragmentHasItsOwnMask) {
    const auto second = client_frame{.payload = "lo", .opcode = 0, .key = {1, 2, 3, 4}}.bytes();
    EXPECT_THAT(parse(text_frame("Hel", false) + second), ElementsAre(text("Hello")));
}

TEST(FrameParser, ControlFramesBetweenFragments) {
    EXPECT_THAT(
        parse(text_frame("a", false) + control_frame(9, "1") + continuation_frame("b", false) +
              control_frame(10, "2") + continuation_frame("c", true)),
        ElementsAre(ping("1"), pong("2"), text("abc")));
}

TEST(FrameParser, CloseBetweenFragmentsEndsIt) {
    EXPECT_THAT(parse(text_frame("a", false) + close_frame(1000) + continuation_frame("b", true)),
                ElementsAre(close(1000, "\x03\xe8")));
}

TEST(FrameParser, EmptyCloseIsEchoedEmpty) {
    EXPECT_THAT(parse(control_frame(8)), ElementsAre(close(0, "")));
}

TEST(FrameParser, CloseWithCodeAndReason) {
    EXPECT_THAT(parse(close_frame(1001, "bye " + smiley)), ElementsAre(close(1001,
                                                                             "\x03\xe9"
                                                                             "bye " +
                                                                                 smiley)));
}

TEST(FrameParser, ClosePayloadOfOneByte) {
    EXPECT_THAT(parse(control_frame(8, "\x03")), ElementsAre(error(1002)));
}

TEST(FrameParser, EveryCloseCode) {
    const auto valid = [](unsigned code) {
        if (code == 1004 || code == 1005 || code == 1006) return false;
        return (code >= 1000 && code <= 1014) || (code >= 3000 && code <= 4999);
    };
    for (unsigned code = 0; code <= 0xffff; ++code) {
        const auto events = parse(close_frame(code));
        ASSERT_EQ(events.size(), 1U);
        ASSERT_EQ(events[0].code, valid(code) ? code : 1002) << code;
        ASSERT_EQ(events[0], valid(code) ? close(code, events[0].payload) : error(1002)) << code;
    }
}

TEST(FrameParser, CloseReasonNotUtf8) {
    EXPECT_THAT(parse(close_frame(1000, "\xff")), ElementsAre(error(1007)));
    EXPECT_THAT(parse(close_frame(1000, "cut \xe2\x82")), ElementsAre(error(1007)));
}

TEST(FrameParser, ABadCloseCodeIsToldBeforeABadReason) {
    EXPECT_THAT(parse(close_frame(1005, "\xff")), ElementsAre(error(1002)));
}

TEST(FrameParser, TextNotUtf8) {
    for (const auto* bad :
         {"\xff", "ok \xc0\x80", "\xed\xa0\x80", "cut \xe2\x82", "\xf4\x90\x80\x80"}) {
        EXPECT_THAT(parse(text_frame(bad)), ElementsAre(error(1007))) << bad;
    }
}

TEST(FrameParser, BinaryNeedNotBeUtf8) {
    EXPECT_THAT(parse(binary_frame("\xff", false) + continuation_frame("\xc0", true)),
                ElementsAre(binary("\xff\xc0")));
}

TEST(FrameParser, CharacterSplitAcrossFragments) {
    for (std::size_t cut = 0; cut <= smiley.size(); ++cut) {
        const auto bytes = text_frame("x" + smiley.substr(0, cut), false) + control_frame(9) +
                           continuation_frame("", false) +
                           continuation_frame(smiley.substr(cut) + "y", true);
        EXPECT_THAT(parse(bytes), ElementsAre(ping(""), text("x" + smiley + "y"))) << cut;
    }
}

TEST(FrameParser, BadTextIsToldWithTheFragmentItShowsIn) {
    EXPECT_THAT(parse(text_frame("ok", false) + continuation_frame("\xff", false)),
                ElementsAre(error(1007)));
    EXPECT_THAT(parse(text_frame("\xf4", false)), IsEmpty());
    EXPECT_THAT(parse(text_frame("\xf4", false) + continuation_frame("\x90", false)),
                ElementsAre(error(1007)));
}

TEST(FrameParser, FragmentedTextMayNotEndWithinACharacter) {
    EXPECT_THAT(parse(text_frame("a", false) + continuation_frame("\xe2\x82", true)),
                ElementsAre(error(1007)));
    EXPECT_THAT(parse(text_frame("\xe2", false) + continuation_frame("", true)),
                ElementsAre(error(1007)));
}

TEST(FrameParser, BadTextIsToldBeforeItsFrameIsWhole) {
    for (const bool fin : {true, false}) {
        const auto bytes = text_frame("ok \xf4\x90" + std::string(1000, 'x'), fin);
        frame_parser parser(10000);
        const auto before = bytes.size() - 1001;
        EXPECT_THAT(feed(parser, bytes.substr(0, before)), IsEmpty());
        EXPECT_THAT(feed(parser, bytes.substr(before, 1)), ElementsAre(error(1007)));
    }
    frame_parser second(10000);
    EXPECT_THAT(feed(second, text_frame("\xf4", false)), IsEmpty());
    EXPECT_THAT(feed(second, continuation_frame("\x90zzz", true).substr(0, 7)),
                ElementsAre(error(1007)));
}

TEST(FrameParser, BinaryAndControlFramesThatAreCutOffAreNotChecked) {
    const auto bytes = binary_frame("\xff\xff\xff") + control_frame(9, "\xff\xff");
    EXPECT_THAT(parse_in_pieces(bytes, {1}), ElementsAre(binary("\xff\xff\xff"), ping("\xff\xff")));
}

TEST(FrameParser, EveryCutOfAFrameOfEveryHeaderLength) {
    for (const std::size_t size : {0U, 1U, 5U, 125U, 126U, 300U, 65535U, 65536U}) {
        std::string payload;
        while (payload.size() < size)
            payload += std::to_string(payload.size());
        payload.resize(size);
        const auto bytes = text_frame(payload) + control_frame(9, "behind");
        for (std::size_t cut = 0; cut <= std::min<std::size_t>(bytes.size(), 40); ++cut) {
            frame_parser parser(100000);
            auto events = feed(parser, bytes.substr(0, cut));
            for (auto& e : feed(parser, bytes.substr(cut)))
                events.push_back(std::move(e));
            ASSERT_THAT(events, ElementsAre(text(payload), ping("behind"))) << size << ' ' << cut;
        }
    }
}

TEST(FrameParser, MessageOfExactlyTheLimit) {
    for (const std::size_t limit : {0U, 10U, 125U, 126U, 65535U, 65536U}) {
        const std::string exact(limit, 'x');
        EXPECT_THAT(parse(text_frame(exact), limit), ElementsAre(text(exact))) << limit;
        EXPECT_THAT(parse(text_frame(exact + "x"), limit), ElementsAre(error(1009))) << limit;
    }
}

TEST(FrameParser, FragmentsCountTogetherAgainstTheLimit) {
    EXPECT_THAT(parse(text_frame("12345", false) + continuation_frame("67890", true), 10),
                ElementsAre(text("1234567890")));
    EXPECT_THAT(parse(text_frame("12345", false) + continuation_frame("678901", true), 10),
                ElementsAre(error(1009)));
    EXPECT_THAT(parse(text_frame("1234567890", false) + continuation_frame("1", false), 10),
                ElementsAre(error(1009)));
}

TEST(FrameParser, TheLimitIsPerMessage) {
    EXPECT_THAT(parse(text_frame("12345", false) + continuation_frame("67890", true) +
                          text_frame("1234567890"),
                      10),
                ElementsAre(text("1234567890"), text("1234567890")));
}

TEST(FrameParser, ALengthOverTheLimitIsToldWithoutThePayload) {
    EXPECT_THAT(parse(client_frame{}.head(1000001)), ElementsAre(error(1009)));
    EXPECT_THAT(parse(client_frame{}.head(1000000)), IsEmpty());
    EXPECT_THAT(parse(client_frame{}.head(0xffffffff)), ElementsAre(error(1009)));
    EXPECT_THAT(parse(client_frame{}.head(0x100000000)), ElementsAre(error(1009)));
}

TEST(FrameParser, LengthWithItsTopBitSet) {
    EXPECT_THAT(parse(client_frame{}.head(1ULL << 63)), ElementsAre(error(1009)));
    EXPECT_THAT(parse(client_frame{}.head(~0ULL)), ElementsAre(error(1009)));
    EXPECT_THAT(parse(text_frame("a", false) + client_frame{.opcode = 0}.head(~0ULL)),
                ElementsAre(error(1009)));
}

TEST(FrameParser, ALimitPastFourGigabytesIsNotWrappedAround) {
    EXPECT_THAT(parse(text_frame("abc"), (1ULL << 32) + 1), ElementsAre(text("abc")));
    EXPECT_THAT(parse(client_frame{}.head(1ULL << 32), ~0ULL), ElementsAre(error(1009)));
}

TEST(FrameParser, LengthsLongerThanNeededAreAccepted) {
    for (const int length_bytes : {2, 8}) {
        EXPECT_THAT(parse(client_frame{.payload = "abc", .length_bytes = length_bytes}.bytes()),
                    ElementsAre(text("abc")));
        EXPECT_THAT(parse(client_frame{.length_bytes = length_bytes}.bytes()),
                    ElementsAre(text("")));
    }
    const std::string payload(200, 'x');
    EXPECT_THAT(parse(client_frame{.payload = payload, .length_bytes = 8}.bytes()),
                ElementsAre(text(payload)));
}

TEST(FrameParser, NothingComesAfterAnError) {
    frame_parser parser(1000);
    EXPECT_THAT(feed(parser, control_frame(3) + text_frame("a")), ElementsAre(error(1002)));
    EXPECT_THAT(feed(parser, text_frame("b") + control_frame(8)), IsEmpty());
}

TEST(FrameParser, NothingComesAfterAClose) {
    frame_parser parser(1000);
    EXPECT_THAT(feed(parser, close_frame(1000) + text_frame("a")),
                ElementsAre(close(1000, "\x03\xe8")));
    EXPECT_THAT(feed(parser, text_frame("b") + control_frame(3)), IsEmpty());
}

TEST(FrameParser, MovesWithWhatIsPartial) {
    const auto bytes = text_frame("a", false) + continuation_frame("b", true);
    frame_parser first(1000);
    EXPECT_THAT(feed(first, bytes.substr(0, 9)), IsEmpty());
    frame_parser second(std::move(first));
    EXPECT_THAT(feed(second, bytes.substr(9)), ElementsAre(text("ab")));
}

}  // namespace
