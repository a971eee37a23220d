#include "config_value.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace {

using namespace chat_gateway::app;
using json = nlohmann::ordered_json;
using list = std::vector<std::string>;

std::optional<config_value> from_text(std::string_view path, std::string_view text) {
    return value_from_text(*find_config_key(path), text);
}

std::optional<config_value> from_json(std::string_view path, std::string_view text) {
    return value_from_json(*find_config_key(path), json::parse(text));
}

constexpr auto largest = std::numeric_limits<std::int64_t>::max();

TEST(ConfigValueFromText, Integer) {
    EXPECT_EQ(from_text("server.port", "8080"), config_value(std::int64_t{8080}));
    EXPECT_EQ(from_text("server.port", "-1"), config_value(std::int64_t{-1}));
    EXPECT_EQ(from_text("server.port", "99999999999999999999"), config_value(largest));
    EXPECT_EQ(from_text("server.port", "-99999999999999999999"), config_value(-largest));
    for (const auto* text : {"", " 1", "1 ", "+1", "1.0", "0x10", "1e3", "tcp://10.0.0.1:80"}) {
        EXPECT_EQ(from_text("server.port", text), std::nullopt) << text;
    }
}

TEST(ConfigValueFromText, Boolean) {
    EXPECT_EQ(from_text("engine.compression", "true"), config_value(true));
    EXPECT_EQ(from_text("engine.compression", "false"), config_value(false));
    for (const auto* text : {"", "1", "TRUE", "yes"}) {
        EXPECT_EQ(from_text("engine.compression", text), std::nullopt) << text;
    }
}

TEST(ConfigValueFromText, Text) {
    EXPECT_EQ(from_text("session.prefix", "a, b "), config_value(std::string("a, b ")));
    EXPECT_EQ(from_text("session.prefix", ""), config_value(std::string()));
}

TEST(ConfigValueFromText, List) {
    EXPECT_EQ(from_text("cors.origins", ""), config_value(list{}));
    EXPECT_EQ(from_text("cors.origins", "a"), config_value(list{"a"}));
    EXPECT_EQ(from_text("cors.origins", "a, b ,\tc"), config_value(list{"a", "b", "c"}));
    EXPECT_EQ(from_text("cors.origins", "a,,b,"), config_value(list{"a", "", "b", ""}));
    EXPECT_EQ(from_text("cors.origins", ","), config_value(list{"", ""}));
    EXPECT_EQ(from_text("cors.origins", " "), config_value(list{""}));
}

TEST(ConfigValueFromText, SecretsKeepTheirSpaces) {
    EXPECT_EQ(from_text("session.secrets", " a, b"), config_value(list{" a", " b"}));
}

TEST(ConfigValueFromJson, TakesOnlyTheKeysKind) {
    EXPECT_EQ(from_json("server.port", "8080"), config_value(std::int64_t{8080}));
    EXPECT_EQ(from_json("server.port", "-5"), config_value(std::int64_t{-5}));
    EXPECT_EQ(from_json("server.port", "18446744073709551615"), config_value(largest));
    EXPECT_EQ(from_json("engine.compression", "true"), config_value(true));
    EXPECT_EQ(from_json("session.prefix", R"("x")"), config_value(std::string("x")));
    EXPECT_EQ(from_json("cors.origins", R"(["a","b"])"), config_value(list{"a", "b"}));
    EXPECT_EQ(from_json("cors.origins", "[]"), config_value(list{}));
}

TEST(ConfigValueFromJson, RefusesOtherKinds) {
    for (const auto* text : {"7000.0", "1e30", "\"7000\"", "true", "null", "[1]", "{}"}) {
        EXPECT_EQ(from_json("server.port", text), std::nullopt) << text;
    }
    for (const auto* text : {"1", "0", "\"true\"", "null"}) {
        EXPECT_EQ(from_json("engine.compression", text), std::nullopt) << text;
    }
    for (const auto* text : {"1", "null", "[]", "{}"}) {
        EXPECT_EQ(from_json("session.prefix", text), std::nullopt) << text;
    }
    for (const auto* text : {"\"a,b\"", "[1]", "[\"a\",null]", "{}"}) {
        EXPECT_EQ(from_json("cors.origins", text), std::nullopt) << text;
    }
}

TEST(ConfigValueMember, IsMadeWhereItIsMissing) {
    json root = json::object();
    member_at(root, "a.b.c") = 1;
    member_at(root, "a.d") = 2;
    EXPECT_EQ(root.dump(), R"({"a":{"b":{"c":1},"d":2}})");
}

}  // namespace
