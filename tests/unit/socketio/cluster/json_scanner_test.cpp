#include "cluster/json_scanner.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace chat_gateway::socketio::cluster {
namespace {

TEST(JsonScanner, TakesJson) {
    for (const auto* text : {"null",
                             "true",
                             "false",
                             "0",
                             "-0",
                             "12",
                             "-1.5",
                             "1e9",
                             "1E+9",
                             "1.0e-9",
                             R"("")",
                             R"("\"\\\/\b\f\n\r\t\u00Ff")",
                             "\"\xc3\xa9\xf0\x9f\x98\x80\x7f\"",
                             "[]",
                             "{}",
                             "[ ]",
                             "{ }",
                             " [ 1 , [ 2 ] , { \"a\" : { } } ] ",
                             R"({"a":1,"a":2})",
                             "\t\r\n1\n",
                             R"(["\ud800"])"}) {
        EXPECT_TRUE(is_json(text)) << text;
    }
}

TEST(JsonScanner, RefusesWhatIsNot) {
    using namespace std::string_view_literals;
    for (const auto text : {""sv,
                            " "sv,
                            "nul"sv,
                            "True"sv,
                            "01"sv,
                            "-"sv,
                            "+1"sv,
                            ".5"sv,
                            "1."sv,
                            "1e"sv,
                            "1e+"sv,
                            "0x1"sv,
                            "NaN"sv,
                            "\""sv,
                            "\"\\\""sv,
                            R"("\u12")"sv,
                            R"("\u12g4")"sv,
                            R"("\x")"sv,
                            "\"\n\""sv,
                            "\"\0\""sv,
                            "\"\x80\""sv,
                            "\"\xc3\""sv,
                            "\"\xed\xa0\x80\""sv,
                            "\"\xc0\x80\""sv,
                            "["sv,
                            "[1"sv,
                            "[1,"sv,
                            "[1,]"sv,
                            "[,1]"sv,
                            "[1 2]"sv,
                            "[1}"sv,
                            "{"sv,
                            "{]"sv,
                            R"({"a")"sv,
                            R"({"a":)"sv,
                            R"({"a":1)"sv,
                            R"({"a":1,})"sv,
                            R"({"a" 1})"sv,
                            "{1:1}"sv,
                            "{a:1}"sv,
                            "1 1"sv,
                            "1\0"sv,
                            "\xef\xbb\xbf"
                            "1"sv,
                            "'a'"sv,
                            "[]]"sv}) {
        EXPECT_FALSE(is_json(text)) << text;
    }
}

TEST(JsonScanner, BoundsTheDepth) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_TRUE(is_json(nested(json_scanner::max_depth)));
    EXPECT_FALSE(is_json(nested(json_scanner::max_depth + 1)));
    std::string objects;
    for (std::size_t i = 0; i < json_scanner::max_depth; ++i)
        objects += R"({"a":)";
    EXPECT_TRUE(is_json(objects + "1" + std::string(json_scanner::max_depth, '}')));
}

TEST(JsonScanner, GivesTextsOfValues) {
    json_scanner in(R"( { "a" : [ 1, {"b":"]"} ] , "\u0062":"x" , "c":-1.5e3 } )");
    std::vector<std::string> seen;
    const bool complete = in.object([&](std::string_view key) {
        std::string_view raw;
        const bool good = in.value(raw);
        seen.emplace_back(std::string(key) + '=' + std::string(raw));
        return good;
    });
    EXPECT_TRUE(complete);
    EXPECT_TRUE(in.end());
    EXPECT_EQ(seen, (std::vector<std::string>{R"(a=[ 1, {"b":"]"} ])", R"(b="x")", "c=-1.5e3"}));
}

TEST(JsonScanner, DecodesStrings) {
    EXPECT_EQ(string_of(R"("a")"), "a");
    EXPECT_EQ(string_of(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
    EXPECT_EQ(string_of(R"("\u0041\u00e9\u20AC\ud83d\ude00!")"), "Aé€😀!");
    EXPECT_EQ(string_of(R"("\u0000")"), std::string(1, '\0'));
    constexpr auto lost = "\xef\xbf\xbd";
    EXPECT_EQ(string_of(R"("\ud83d")"), lost);
    EXPECT_EQ(string_of(R"("\ud83d\n")"), std::string(lost) + "\n");
    EXPECT_EQ(string_of(R"("\ude00\ud83d\u0041")"), std::string(lost) + lost + "A");
    EXPECT_EQ(string_of(R"("\ud83d\ud83d\ude00")"), std::string(lost) + "😀");
}

}  // namespace
}  // namespace chat_gateway::socketio::cluster
