#include "config_document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace {

using namespace chat_gateway::app;
using testing::ElementsAre;
using testing::IsEmpty;

void expect_error_at(std::string_view text, std::size_t line, std::size_t column) {
    const auto document = parse_config_document(text);
    EXPECT_TRUE(document.root.is_discarded()) << text;
    EXPECT_EQ(document.line, line) << text;
    EXPECT_EQ(document.column, column) << text;
}

TEST(ConfigDocument, KeepsEveryKindOfValueAndTheirOrder) {
    const std::string text =
        R"({"z":[1,-2,0.5,"s",true,false,null,[],{}],"a":{"b":{"c":18446744073709551615}}})";
    const auto document = parse_config_document(text);
    EXPECT_EQ(document.root.dump(), text);
    EXPECT_THAT(document.duplicates, IsEmpty());
}

TEST(ConfigDocument, AllowsComments) {
    const auto document =
        parse_config_document("// one\n{ /* two\n */ \"a\": \"// not one\" // three\n}\n// four");
    EXPECT_EQ(document.root.dump(), R"({"a":"// not one"})");
}

TEST(ConfigDocument, TakesAScalarAsItIs) {
    EXPECT_EQ(parse_config_document("7").root, 7);
}

TEST(ConfigDocument, TellsWhereItBreaks) {
    expect_error_at("{\"a\": 1,\n  \"b\": x}", 2, 8);
    expect_error_at("{\"a\" 1}", 1, 6);
    expect_error_at("{\"a\": 1,\n}", 2, 1);
    expect_error_at("{} {", 1, 4);
    expect_error_at("[1\n\n]]", 3, 2);
}

TEST(ConfigDocument, EndsTooEarly) {
    for (const std::string text :
         {"", "\n", "{", "{\"a\": {\n", "{\"a\": \"b", "/* never closed"}) {
        const auto document = parse_config_document(text);
        EXPECT_TRUE(document.root.is_discarded()) << text;
        EXPECT_GE(document.line, 1U) << text;
        EXPECT_GE(document.column, 1U) << text;
    }
}

TEST(ConfigDocument, RefusesWhatIsNotUtf8) {
    EXPECT_TRUE(parse_config_document("{\"a\": \"\xff\"}").root.is_discarded());
}

TEST(ConfigDocument, NamesKeysSaidTwiceAndKeepsTheLast) {
    const auto document = parse_config_document(
        R"({"a":1,"b":{"c":1,"d":{"e":1,"e":2},"c":3},"a":[{"x":1},{"x":2}]})");
    EXPECT_THAT(document.duplicates, ElementsAre("b.d.e", "b.c", "a"));
    EXPECT_EQ(document.root.dump(), R"({"a":[{"x":1},{"x":2}],"b":{"c":3,"d":{"e":2}}})");
}

TEST(ConfigDocument, DeepNestingNeedsNoStack) {
    const std::string deep(20'000, '[');
    EXPECT_TRUE(parse_config_document(deep).root.is_discarded());
    EXPECT_TRUE(parse_config_document(deep + std::string(20'000, ']')).root.is_array());
}

}  // namespace
