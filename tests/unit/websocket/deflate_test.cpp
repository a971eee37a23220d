#include <chat_gateway/websocket/deflate.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace chat_gateway::websocket;
using namespace std::string_literals;

const std::string plain_answer =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

constexpr std::size_t no_limit = 100'000'000;

struct inflated {
    close_code code{};
    std::string text;
    bool operator==(const inflated&) const = default;
    friend std::ostream& operator<<(std::ostream& out, const inflated& i) {
        return out << static_cast<unsigned>(i.code) << " `" << i.text.substr(0, 80) << "` of "
                   << i.text.size();
    }
};

inflated inflate(std::string_view bytes, std::size_t max = no_limit) {
    inflated i;
    i.code = inflate_message(bytes, max, i.text);
    return i;
}

inflated whole(std::string text) {
    return {close_code::none, std::move(text)};
}

close_code code_of(std::string_view bytes, std::size_t max = no_limit) {
    return inflate(bytes, max).code;
}

// --- negotiation

TEST(DeflateOffer, IsTakenWithoutContextTakeoverInEitherDirection) {
    for (const auto* offer :
         {"permessage-deflate", "permessage-deflate; client_max_window_bits",
          "permessage-deflate;client_max_window_bits", " \tpermessage-deflate \t",
          "permessage-deflate; server_no_context_takeover",
          "permessage-deflate; client_no_context_takeover",
          "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
          "permessage-deflate ; \t client_max_window_bits ;server_no_context_takeover"}) {
        EXPECT_EQ(negotiate_deflate(offer),
                  (deflate_terms{.malformed = false, .answer = plain_answer, .send = true}))
            << offer;
    }
}

TEST(DeflateOffer, NoneIsNoAnswer) {
    for (const auto* offer : {"", " ", ",", "x-webkit-deflate-frame", "permessage-bzip2; level=9",
                              "permessage-deflate2", "Permessage-Deflate", "a;b;c=1;d=\"2\", e"}) {
        EXPECT_EQ(negotiate_deflate(offer), deflate_terms{}) << offer;
    }
}

TEST(DeflateOffer, AskedWindowsAreAnsweredAndASmallOneIsNotSentTo) {
    for (unsigned bits = 8; bits <= 15; ++bits) {
        const std::string n = std::to_string(bits);
        const auto server = negotiate_deflate("permessage-deflate; server_max_window_bits=" + n);
        EXPECT_EQ(server.answer, plain_answer + "; server_max_window_bits=" + n);
        EXPECT_EQ(server.send, bits == 15);
        const auto client = negotiate_deflate("permessage-deflate; client_max_window_bits=" + n);
        EXPECT_EQ(client.answer, plain_answer + "; client_max_window_bits=" + n);
        EXPECT_TRUE(client.send);
        const auto quoted =
            negotiate_deflate("permessage-deflate; server_max_window_bits=\"" + n + "\"");
        EXPECT_EQ(quoted, server);
    }
    EXPECT_EQ(negotiate_deflate("permessage-deflate; server_max_window_bits=\"1\\0\"").answer,
              plain_answer + "; server_max_window_bits=10");
}

TEST(DeflateOffer, WithWrongParametersIsDeclined) {
    for (const auto* parameters : {"server_max_window_bits",
                                   "server_max_window_bits=7",
                                   "server_max_window_bits=16",
                                   "server_max_window_bits=08",
                                   "server_max_window_bits=015",
                                   "server_max_window_bits=1",
                                   "server_max_window_bits=-8",
                                   "server_max_window_bits=10x",
                                   "server_max_window_bits=0",
                                   "server_max_window_bits=99999999999999999999",
                                   "server_max_window_bits=\"100000000000\"",
                                   "client_max_window_bits=7",
                                   "client_max_window_bits=16",
                                   "client_max_window_bits=x",
                                   "server_no_context_takeover=1",
                                   "client_no_context_takeover=\"true\"",
                                   "server_no_context_takeover; server_no_context_takeover",
                                   "client_no_context_takeover; client_no_context_takeover",
                                   "server_max_window_bits=10; server_max_window_bits=10",
                                   "client_max_window_bits; client_max_window_bits",
                                   "client_max_window_bits=10; client_max_window_bits",
                                   "client_max_window_bits; client_max_window_bits=10",
                                   "unknown",
                                   "unknown=1",
                                   "Server_no_context_takeover",
                                   "client_max_window_bits; mem_level=8"}) {
        EXPECT_EQ(negotiate_deflate("permessage-deflate; "s + parameters), deflate_terms{})
            << parameters;
    }
}

TEST(DeflateOffer, TheFirstAcceptableOneCounts) {
    EXPECT_EQ(negotiate_deflate("foo, permessage-deflate; bar, permessage-deflate; "
                                "server_max_window_bits=12, permessage-deflate"),
              (deflate_terms{.malformed = false,
                             .answer = plain_answer + "; server_max_window_bits=12",
                             .send = false}));
    EXPECT_EQ(negotiate_deflate(",permessage-deflate , ,foo,").answer, plain_answer);
}

TEST(DeflateOffer, ThatIsNotTheGrammarIsMalformed) {
    for (const auto* offers :
         {";", "permessage-deflate;", "permessage-deflate; =1",
          "permessage-deflate; a=", "permessage-deflate; a=\"", "permessage-deflate; a=\"b",
          "permessage-deflate; a=\"\"", "permessage-deflate; a=\"b c\"",
          "permessage-deflate; a=\"b\\\"", "permessage-deflate foo", "permessage-deflate; a b",
          "permessage-deflate; a=1=2", "permessage-deflate=1", "permessage-deflate; a=\"b\"c",
          "foo, {}", "\x01", "f\xc3\xa9", "permessage-deflate, foo;"}) {
        const auto t = negotiate_deflate(offers);
        EXPECT_TRUE(t.malformed) << offers;
        EXPECT_FALSE(t.agreed()) << offers;
    }
}

TEST(DeflateOffer, OfHostileLengthIsReadInOnePass) {
    std::string many = "permessage-deflate; x";
    while (many.size() < 16'000'000)
        many += ", permessage-deflate; server_max_window_bits=99";
    EXPECT_EQ(negotiate_deflate(many), deflate_terms{});
    EXPECT_EQ(negotiate_deflate(std::string(1'000'000, ',')), deflate_terms{});
    EXPECT_EQ(negotiate_deflate("permessage-deflate; a=\"" + std::string(1'000'000, 'x') + "\""),
              deflate_terms{});
}

RC_GTEST_PROP(DeflateOffer, AnyBytesGiveAnAnswer, ()) {
    const auto part = rc::gen::element<std::string>(
        "permessage-deflate", "; ", ", ", "server_max_window_bits", "client_max_window_bits", "=",
        "10", "15", "\"", "\\", "client_no_context_takeover", "x", "\x80", " ");
    const auto parts = *rc::gen::container<std::vector<std::string>>(part);
    std::string text;
    for (const auto& p : parts)
        text += p;
    const auto t = negotiate_deflate(text);
    RC_ASSERT(!(t.malformed && t.agreed()));
    RC_ASSERT(!t.send || t.agreed());
    RC_ASSERT(!t.agreed() || t.answer.starts_with(plain_answer));
    // What we answer is itself a good offer: the grammar holds.
    RC_ASSERT(!t.agreed() || negotiate_deflate(t.answer).agreed());
}

// --- messages

TEST(Deflate, ExamplesOfTheStandard) {
    // RFC 7692 section 7.2.3: one block, none compressed, BFINAL, two blocks, empty.
    EXPECT_EQ(inflate("\xf2\x48\xcd\xc9\xc9\x07\x00"s), whole("Hello"));
    EXPECT_EQ(inflate("\x00\x05\x00\xfa\xffHello\x00"s), whole("Hello"));
    EXPECT_EQ(inflate("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s), whole("Hello"));
    EXPECT_EQ(inflate("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s), whole("Hello"));
    EXPECT_EQ(inflate("\x00"s), whole(""));
    EXPECT_EQ(deflate_message("Hello"), "\xf2\x48\xcd\xc9\xc9\x07\x00"s);
    EXPECT_EQ(deflate_message(""), "\x00"s);
}

TEST(Deflate, AMessageOfNoBytesAtAllIsEmpty) {
    EXPECT_EQ(inflate(""), whole(""));
}

TEST(Deflate, AFinalBlockWithoutPaddingIsComplete) {
    EXPECT_EQ(inflate("\xf3\x48\xcd\xc9\xc9\x07\x00"s), whole("Hello"));
}

TEST(Deflate, EachMessageStandsAlone) {
    // RFC 7692 section 7.2.3.2: the second message of a sender that keeps its window.
    EXPECT_EQ(inflate("\xf2\x48\xcd\xc9\xc9\x07\x00"s), whole("Hello"));
    EXPECT_EQ(code_of("\xf2\x00\x11\x00\x00"s), close_code::invalid_payload);
    const std::string first(deflate_message("Hello"));
    EXPECT_EQ(deflate_message("Hello"), first);
}

TEST(Deflate, MoreBlocksBehindAFinalOneMayReferToIt) {
    // `Hello` in a BFINAL block, then the block of 7.2.3.2 that repeats it from the window.
    EXPECT_EQ(inflate("\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x00\x11\x00\x00"s), whole("HelloHello"));
}

TEST(Deflate, FinalBlocksAreCounted) {
    const auto stored = [](std::size_t times) {
        std::string all;
        for (std::size_t i = 0; i < times; ++i)
            all += "\x01\x01\x00\xfe\xffx"s;
        return all;
    };
    EXPECT_EQ(inflate(stored(64)), whole(std::string(64, 'x')));
    EXPECT_EQ(code_of(stored(66)), close_code::invalid_payload);
    EXPECT_EQ(code_of(stored(100'000)), close_code::invalid_payload);
}

TEST(Deflate, GarbageIsToldAsSuch) {
    for (const auto& bad : {"\xff\xff\xff"s, "\x06"s, "\x07garbage"s, "\x00\x05\x00\x00\x00Hello"s,
                            "Hello, world"s}) {
        EXPECT_EQ(code_of(bad), close_code::invalid_payload) << bad;
    }
}

TEST(Deflate, CutOffMessagesAreNotTakenForWhole) {
    std::string message;
    for (int i = 0; i < 300; ++i)
        message += std::to_string(i * 7919);
    const std::string all(deflate_message(message));
    for (std::size_t n = 1; n + 1 < all.size(); ++n)
        ASSERT_EQ(code_of(all.substr(0, n)), close_code::invalid_payload) << n;
}

TEST(Deflate, ABombEndsAtTheLimit) {
    const std::string bomb(deflate_message(std::string(50'000'000, 'x')));
    ASSERT_LT(bomb.size(), 100'000U);
    const auto got = inflate(bomb, 1000);
    EXPECT_EQ(got.code, close_code::too_big);
    EXPECT_LE(got.text.size(), 1000U);
    EXPECT_LE(inflate(bomb, 1'000'000).text.capacity(), 2'000'000U);
}

TEST(Deflate, TheLimitIsExact) {
    for (const std::size_t size : {0U, 1U, 5U, 16383U, 16384U, 16385U, 32768U, 100000U}) {
        const std::string text(size, 'y');
        const std::string packed(deflate_message(text));
        EXPECT_EQ(inflate(packed, size), whole(text)) << size;
        if (size != 0) {
            EXPECT_EQ(code_of(packed, size - 1), close_code::too_big) << size;
        }
    }
}

TEST(Deflate, AppendsToWhatIsThere) {
    std::string out = "front ";
    EXPECT_EQ(inflate_message(deflate_message("back"), 4, out), close_code::none);
    EXPECT_EQ(out, "front back");
}

TEST(Deflate, AfterAFaultTheNextMessageIsRead) {
    EXPECT_EQ(code_of("\xff\xff\xff"s), close_code::invalid_payload);
    EXPECT_EQ(code_of(deflate_message(std::string(5000, 'x')), 10), close_code::too_big);
    EXPECT_EQ(inflate("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s), whole("Hello"));
    EXPECT_EQ(inflate("\xf2\x48\xcd\xc9\xc9\x07\x00"s), whole("Hello"));
}

TEST(Deflate, EachThreadHasItsOwnState) {
    const std::string_view here = deflate_message(std::string(5000, 'a'));
    const std::string before(here);
    std::thread([] { (void)deflate_message(std::string(5000, 'b')); }).join();
    EXPECT_EQ(here, before);
}

RC_GTEST_PROP(Deflate, RoundTrip, ()) {
    const auto unit = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
    const auto times = *rc::gen::inRange(0, 5000);
    std::string message;
    for (int i = 0; i < times; ++i)
        message += unit;
    const std::string packed(deflate_message(message));
    RC_ASSERT(inflate(packed, message.size()) == whole(message));
}

RC_GTEST_PROP(Deflate, AnyBytesStayWithinTheLimit, ()) {
    auto bytes = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
    const auto got = inflate(bytes, 500);
    RC_ASSERT(got.text.size() <= 500U);
}

}  // namespace
