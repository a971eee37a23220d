#include <chat_gateway/base/query.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace {

using namespace chat_gateway;

TEST(QueryValue, FindsAName) {
    EXPECT_EQ(query_value("EIO=4&transport=polling&t=abc", "EIO"), "4");
    EXPECT_EQ(query_value("EIO=4&transport=polling&t=abc", "transport"), "polling");
    EXPECT_EQ(query_value("EIO=4&transport=polling&t=abc", "t"), "abc");
}

TEST(QueryValue, AbsentIsNotEmpty) {
    EXPECT_EQ(query_value("", "sid"), std::nullopt);
    EXPECT_EQ(query_value("xsid=1&sidx=2", "sid"), std::nullopt);
    EXPECT_EQ(query_value("sid=", "sid"), "");
    EXPECT_EQ(query_value("sid", "sid"), "");
    EXPECT_EQ(query_value("sid&EIO=4", "sid"), "");
}

TEST(QueryValue, NamesAreCaseSensitive) {
    EXPECT_EQ(query_value("eio=4", "EIO"), std::nullopt);
}

TEST(QueryValue, TheFirstWins) {
    EXPECT_EQ(query_value("a=1&a=2", "a"), "1");
}

TEST(QueryValue, EmptyPairsAreSkipped) {
    EXPECT_EQ(query_value("&&a=1&", "a"), "1");
    EXPECT_EQ(query_value("&&", ""), std::nullopt);
    EXPECT_EQ(query_value("=x", ""), "x");
}

TEST(QueryValue, OnlyTheFirstEqualsSignSplits) {
    EXPECT_EQ(query_value("a==b=c", "a"), "=b=c");
}

TEST(QueryValue, DecodesNamesAndValues) {
    EXPECT_EQ(query_value("%45IO=%34", "EIO"), "4");
    EXPECT_EQ(query_value("a+b=c+d%20e%2B", "a b"), "c d e+");
    EXPECT_EQ(query_value("a=%26%3d%c3%A9", "a"), "&=\xc3\xa9");
}

TEST(QueryValue, BadEscapesStay) {
    EXPECT_EQ(query_value("a=%zz", "a"), "%zz");
    EXPECT_EQ(query_value("a=%4", "a"), "%4");
    EXPECT_EQ(query_value("a=%", "a"), "%");
    EXPECT_EQ(query_value("a=%41%zz+%20", "a"), "A%zz  ");
    EXPECT_EQ(query_value("a=%%341", "a"), "%41");
}

RC_GTEST_PROP(QueryValue, FindsWhatIsPlainlyThere, (const std::string& before)) {
    RC_PRE(!query_value(before, "key"));
    RC_ASSERT(query_value(before + "&key=value", "key") == "value");
}

}  // namespace
