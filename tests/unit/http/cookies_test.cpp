#include <chat_gateway/http/cookies.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <optional>
#include <string>

namespace {

using chat_gateway::http::cookie_value;

TEST(CookieValue, FindsOneAmongMany) {
    const std::string header = "theme=dark; connect.sid=s%3Aabc.def; lang=en";
    EXPECT_EQ(cookie_value(header, "connect.sid"), "s:abc.def");
    EXPECT_EQ(cookie_value(header, "theme"), "dark");
    EXPECT_EQ(cookie_value(header, "lang"), "en");
}

TEST(CookieValue, AbsentIsNotEmpty) {
    EXPECT_EQ(cookie_value("", "a"), std::nullopt);
    EXPECT_EQ(cookie_value("xa=1; ax=2", "a"), std::nullopt);
    EXPECT_EQ(cookie_value("a=", "a"), "");
}

TEST(CookieValue, NamesAreCaseSensitive) {
    EXPECT_EQ(cookie_value("A=1", "a"), std::nullopt);
}

TEST(CookieValue, TheFirstWinsEvenIfBad) {
    EXPECT_EQ(cookie_value("a=1; a=2", "a"), "1");
    EXPECT_EQ(cookie_value("a=; a=3", "a"), "");
    EXPECT_EQ(cookie_value("a=%; a=3", "a"), "%");
}

TEST(CookieValue, SpacesAndTabsAroundNamesAndValuesGo) {
    EXPECT_EQ(cookie_value("\ta \t= \tx y \t;b=2", "a"), "x y");
    EXPECT_EQ(cookie_value("b=1;a=2", "a"), "2");
}

TEST(CookieValue, SurroundingQuotesGo) {
    EXPECT_EQ(cookie_value("a=\"x\"", "a"), "x");
    EXPECT_EQ(cookie_value("a=\" x \"", "a"), " x ");
    EXPECT_EQ(cookie_value("a=\"\"", "a"), "");
    EXPECT_EQ(cookie_value("a=\"", "a"), "");
}

TEST(CookieValue, OtherQuotesStay) {
    EXPECT_EQ(cookie_value("a=\"x", "a"), "\"x");
    EXPECT_EQ(cookie_value("a=x\"y", "a"), "x\"y");
    EXPECT_EQ(cookie_value("a=%22x%22", "a"), "\"x\"");
}

TEST(CookieValue, IsPercentDecoded) {
    EXPECT_EQ(cookie_value("a=%C3%A9%2f%2F+", "a"), "\xc3\xa9//+");
}

TEST(CookieValue, WhatCannotBeDecodedStays) {
    EXPECT_EQ(cookie_value("a=%zz%41", "a"), "%zz%41");
    EXPECT_EQ(cookie_value("a=%ff", "a"), "%ff");
    EXPECT_EQ(cookie_value("a=%4", "a"), "%4");
}

TEST(CookieValue, PairsWithoutAnEqualsSignAreSkipped) {
    EXPECT_EQ(cookie_value("a; b=1; a=2", "a"), "2");
    EXPECT_EQ(cookie_value("a", "a"), std::nullopt);
    EXPECT_EQ(cookie_value(";;a=1", "a"), "1");
}

TEST(CookieValue, OnlyTheFirstEqualsSignSplits) {
    EXPECT_EQ(cookie_value("a==b=", "a"), "=b=");
}

RC_GTEST_PROP(CookieValue, TakesAnything, (const std::string& header)) {
    const auto value = cookie_value(header + ";plain=1", "plain");
    RC_ASSERT(value.has_value());
}

}  // namespace
