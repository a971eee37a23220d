#include "vectors.hpp"

#include <chat_gateway/socketio/cluster/msgpack_json.hpp>

#include <gtest/gtest.h>

#include <bit>
#include <limits>

namespace chat_gateway::socketio::cluster {
namespace {

std::string number(double value) {
    std::string out;
    append_js_number(out, value);
    return out;
}

std::string text(std::string_view bytes) {
    std::string out;
    append_js_string(out, bytes);
    return out;
}

TEST(JsNumber, PrintsWhatNodePrints) {
    for (const auto& row : recorded("numbers.json")) {
        const auto bits = std::stoull(row[0].get<std::string>(), nullptr, 16);
        EXPECT_EQ(number(std::bit_cast<double>(static_cast<std::uint64_t>(bits))),
                  row[1].get<std::string>())
            << row;
    }
}

TEST(JsNumber, ChangesNotationWhereJavaScriptDoes) {
    EXPECT_EQ(number(1e21), "1e+21");
    EXPECT_EQ(number(123456789012345680000.0), "123456789012345680000");
    EXPECT_EQ(number(0.000001), "0.000001");
    EXPECT_EQ(number(0.0000001), "1e-7");
    EXPECT_EQ(number(-1.5e-9), "-1.5e-9");
}

TEST(JsNumber, HasNoNegativeZeroAndNoInfinity) {
    EXPECT_EQ(number(-0.0), "0");
    EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "null");
    EXPECT_EQ(number(-std::numeric_limits<double>::infinity()), "null");
    EXPECT_EQ(number(std::numeric_limits<double>::quiet_NaN()), "null");
}

TEST(JsNumber, AppendsToWhatIsThere) {
    std::string out = "x=";
    append_js_number(out, 1.25);
    EXPECT_EQ(out, "x=1.25");
}

TEST(JsString, EscapesOnlyWhatJsonStringifyEscapes) {
    EXPECT_EQ(text("\"\\\b\t\n\f\r"), R"("\"\\\b\t\n\f\r")");
    EXPECT_EQ(text(std::string_view("\0\x1f\v", 3)), R"("\u0000\u001f\u000b")");
    EXPECT_EQ(text("/\x7f\u2028\u00e9\U0001f44b"), "\"/\x7f\u2028\u00e9\U0001f44b\"");
    EXPECT_EQ(text(""), R"("")");
}

TEST(JsString, FindsSpecialBytesAtEveryPlaceOfALongRun) {
    for (const char special : {'\n', '"', '\\', '\x1f'}) {
        for (std::size_t at = 0; at < 24; ++at) {
            std::string plain(24, ' ');
            std::string expected;
            append_js_string(expected, std::string_view(&special, 1));
            expected = plain.substr(0, at) + expected.substr(1, expected.size() - 2) +
                       plain.substr(at + 1);
            plain[at] = special;
            EXPECT_EQ(text(plain), '"' + expected + '"');
        }
    }
}

TEST(JsString, ReplacesWhatIsNotUtf8) {
    EXPECT_EQ(text("a\xff\x62"), "\"a\ufffdb\"");
    EXPECT_EQ(text("\xf0\x9f\x91"), "\"\ufffd\"");
    EXPECT_EQ(text("\xc0\x80"), "\"\ufffd\ufffd\"");
    EXPECT_EQ(text("\xf4\x90\x80\x80"), "\"\ufffd\ufffd\ufffd\ufffd\"");
}

TEST(JsString, ASurrogateIsThreeBadBytes) {
    EXPECT_EQ(text("\xed\xa0\x80"), "\"\ufffd\ufffd\ufffd\"");
    EXPECT_EQ(text("x\xed\xbf\xbfy"), "\"x\ufffd\ufffd\ufffdy\"");
    EXPECT_EQ(text("\xed\x9f\xbf"), "\"\xed\x9f\xbf\"");
}

TEST(JsString, ACutSurrogateIsTwoBadBytes) {
    EXPECT_EQ(text("\xed\xa0"), "\"\ufffd\ufffd\"");
    EXPECT_EQ(text("\xed\xa0x"), "\"\ufffd\ufffdx\"");
}

}  // namespace
}  // namespace chat_gateway::socketio::cluster
