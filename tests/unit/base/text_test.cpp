#include <chat_gateway/base/text.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace chat_gateway;
using namespace std::string_literals;
using std::string_view;

TEST(Base64, EncodesTheVectorsOfTheStandard) {
    const std::vector<std::pair<string_view, string_view>> vectors{
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (const auto& [bytes, text] : vectors) {
        EXPECT_EQ(base64_encode(bytes), text);
        EXPECT_EQ(base64_decode_lenient(text), bytes);
    }
}

TEST(Base64, UsesTheWholeAlphabet) {
    EXPECT_EQ(base64_encode("\xfb\xff\xbf"), "+/+/");
    EXPECT_EQ(base64url_encode("\xfb\xff\xbf"), "-_-_");
}

TEST(Base64, AppendsBehindWhatIsThere) {
    std::string out = "b";
    base64_append(out, "\x01\x02\x03\x04");
    EXPECT_EQ(out, "bAQIDBA==");
}

TEST(Base64, LenientDecodingSkipsWhatIsNoDigit) {
    EXPECT_EQ(base64_decode_lenient("!!!"), "");
    EXPECT_EQ(base64_decode_lenient(" Z m\n9 v\xff"), "foo");
    EXPECT_EQ(base64_decode_lenient("-_8"), base64_decode_lenient("+/8="));
}

TEST(Base64, LenientDecodingStopsAtTheFirstPadding) {
    EXPECT_EQ(base64_decode_lenient("YQ==YQ=="), "a");
    EXPECT_EQ(base64_decode_lenient("=YQ"), "");
}

TEST(Base64, LenientDecodingNeedsNoPadding) {
    EXPECT_EQ(base64_decode_lenient("Y"), "");
    EXPECT_EQ(base64_decode_lenient("YW"), "a");
    EXPECT_EQ(base64_decode_lenient("YWI"), "ab");
    EXPECT_EQ(base64_decode_lenient("YWJjZ"), "abc");
}

TEST(Base64Url, HasNoPadding) {
    EXPECT_EQ(base64url_encode("f"), "Zg");
    EXPECT_EQ(base64url_encode("fo"), "Zm8");
    EXPECT_EQ(base64url_encode(""), "");
}

TEST(Base64Url, StrictDecodingTakesOnlyWhatEncodingGives) {
    EXPECT_EQ(base64url_decode("Zm8"), "fo");
    EXPECT_EQ(base64url_decode(""), "");
    for (const auto* bad : {"Z", "A", "Zm9vA", "Zm9vY", "Zm8=", "+/+/", "Zm 8", "Zh", "Zm9"}) {
        EXPECT_EQ(base64url_decode(bad), std::nullopt) << bad;
    }
}

RC_GTEST_PROP(Base64, DecodesWhatItEncodes, (const std::string& bytes)) {
    RC_ASSERT(base64_decode_lenient(base64_encode(bytes)) == bytes);
    RC_ASSERT(base64url_decode(base64url_encode(bytes)) == bytes);
}

RC_GTEST_PROP(Base64Url, NoTwoSpellingsOfTheSameBytes, (const std::string& text)) {
    const auto bytes = base64url_decode(text);
    if (bytes) RC_ASSERT(base64url_encode(*bytes) == text);
}

TEST(PercentDecode, DecodesEscapesOfEitherCase) {
    EXPECT_EQ(percent_decode("s%3Aab%2f%2F"), "s:ab//");
    EXPECT_EQ(percent_decode("%C3%A9%00"), "\xc3\xa9\0"s);
    EXPECT_EQ(percent_decode(""), "");
}

TEST(PercentDecode, LeavesPlusAlone) {
    EXPECT_EQ(percent_decode("a+b"), "a+b");
}

TEST(PercentDecode, RefusesBadEscapes) {
    for (const auto* bad : {"%", "a%4", "%zz", "%4g", "%g4", "%%41"}) {
        EXPECT_EQ(percent_decode(bad), std::nullopt) << bad;
    }
}

TEST(PercentDecode, RefusesWhatIsNotUtf8) {
    EXPECT_EQ(percent_decode("%ff"), std::nullopt);
    EXPECT_EQ(percent_decode("%C3"), std::nullopt);
    EXPECT_EQ(percent_decode("%ED%A0%80"), std::nullopt);
}

/// First and last character of each row of the standard's table of well-formed sequences.
const std::vector<string_view> edges{
    "\x7f",
    "\xc2\x80",
    "\xdf\xbf",
    "\xe0\xa0\x80",
    "\xe0\xbf\xbf",
    "\xe1\x80\x80",
    "\xec\xbf\xbf",
    "\xed\x80\x80",
    "\xed\x9f\xbf",
    "\xee\x80\x80",
    "\xef\xbf\xbf",
    "\xf0\x90\x80\x80",
    "\xf0\xbf\xbf\xbf",
    "\xf1\x80\x80\x80",
    "\xf3\xbf\xbf\xbf",
    "\xf4\x80\x80\x80",
    "\xf4\x8f\xbf\xbf",
};

/// None of them can become valid, whatever follows.
const std::vector<string_view> hopeless{
    "\x80",         "\xbf",         "\xc0\x80",     "\xc1\xbf",     "\xc2\x7f",
    "\xc2\xc0",     "\xe0\x80",     "\xe0\x9f\xbf", "\xed\xa0",     "\xed\xbf\xbf",
    "\xe1\x7f",     "\xe1\x80\x7f", "\xf0\x80",     "\xf0\x8f\xbf", "\xf4\x90",
    "\xf5\x80",     "\xf8\x88",     "\xfe",         "\xff",         "\xf1\x80\x80\xc0",
    "\xe1\x80\xc0",
};

TEST(Utf8, AcceptsEveryEdgeOfTheTable) {
    for (const auto text : edges) {
        EXPECT_TRUE(is_valid_utf8(text));
        EXPECT_EQ(utf8_prefix(text), text.size());
    }
    EXPECT_TRUE(is_valid_utf8(""));
    EXPECT_TRUE(is_valid_utf8("\0"s));
}

TEST(Utf8, RefusesOverlongSurrogateAndTooLargeForms) {
    for (const auto text : hopeless) {
        EXPECT_FALSE(is_valid_utf8(text));
        EXPECT_EQ(utf8_prefix(text), std::nullopt) << text.size();
    }
}

TEST(Utf8, FindsAFaultAtEveryOffsetOfLongText) {
    for (std::size_t at = 0; at < 40; ++at) {
        std::string text(40, 'x');
        EXPECT_TRUE(is_valid_utf8(text));
        text[at] = '\xff';
        EXPECT_FALSE(is_valid_utf8(text)) << at;
        text.resize(at);
        EXPECT_TRUE(is_valid_utf8(text + "\xf0\x9f\x98\x80" + std::string(20, 'y'))) << at;
    }
}

TEST(Utf8, ACutCharacterIsAPrefixButNotValid) {
    for (const auto text : edges) {
        for (std::size_t size = 1; size < text.size(); ++size) {
            const auto cut = "ab" + std::string(text.substr(0, size));
            EXPECT_FALSE(is_valid_utf8(cut));
            EXPECT_EQ(utf8_prefix(cut), 2U);
        }
    }
}

TEST(ConstantTimeEqual, ComparesLikeEquals) {
    EXPECT_TRUE(constant_time_equal("", ""));
    EXPECT_TRUE(constant_time_equal("abc", "abc"));
    EXPECT_TRUE(constant_time_equal("a\0b"s, "a\0b"s));
    EXPECT_FALSE(constant_time_equal("a\0b"s, "a\0c"s));
    EXPECT_FALSE(constant_time_equal("abc", "abd"));
    EXPECT_FALSE(constant_time_equal("abc", "ab"));
    EXPECT_FALSE(constant_time_equal("", "a"));
}

TEST(Iequals, FoldsAsciiLettersOnly) {
    EXPECT_TRUE(iequals("Sec-WebSocket-Key", "sec-websocket-KEY"));
    EXPECT_FALSE(iequals("abc", "abcd"));
    EXPECT_FALSE(iequals("[", "{"));
    EXPECT_FALSE(iequals("@", "`"));
    EXPECT_FALSE(iequals("\xc4", "\xe4"));
}

}  // namespace
