#include "page_api.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <string>

namespace chat_gateway::admin {
namespace {

std::string header(const http::response& r, std::string_view name) {
    for (const auto& h : r.headers) {
        if (h.name == name) return h.value;
    }
    return "";
}

std::size_t occurrences(std::string_view text, std::string_view what) {
    std::size_t n = 0;
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1))
        ++n;
    return n;
}

TEST(Page, IsHtmlThatNobodyKeepsFramesOrSniffs) {
    const auto r = page_answer();
    EXPECT_EQ(r.status, 200U);
    EXPECT_EQ(header(r, "Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(header(r, "Cache-Control"), "no-store");
    EXPECT_EQ(header(r, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(header(r, "X-Frame-Options"), "DENY");
    EXPECT_EQ(header(r, "Referrer-Policy"), "no-referrer");
    EXPECT_EQ(header(r, "Cross-Origin-Opener-Policy"), "same-origin");
    EXPECT_EQ(header(r, "Cross-Origin-Resource-Policy"), "same-origin");
}

TEST(Page, RunsNothingButItsOwnScriptAndLoadsNothing) {
    const auto r = page_answer();
    const auto policy = header(r, "Content-Security-Policy");
    std::smatch found;
    ASSERT_TRUE(std::regex_match(
        policy, found,
        std::regex("default-src 'none'; script-src 'nonce-([A-Za-z0-9]{24})'; style-src "
                   "'nonce-([A-Za-z0-9]{24})'; img-src data:; connect-src 'self'; base-uri 'none'; "
                   "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for "
                   "'script'; trusted-types 'none'")))
        << policy;
    EXPECT_EQ(found[1], found[2]);
    EXPECT_EQ(occurrences(r.body, "nonce=\"" + found[1].str() + "\""), 2U);
    EXPECT_EQ(occurrences(r.body, "{nonce}"), 0U);
    EXPECT_EQ(occurrences(r.body, "<script"), 1U);
    EXPECT_EQ(occurrences(r.body, "<style"), 1U);
    for (const auto* outside : {" src=", "url(", "@import", "innerHTML", "style=\""})
        EXPECT_EQ(occurrences(r.body, outside), 0U) << outside;
    EXPECT_FALSE(std::regex_search(r.body, std::regex("<[^>]*\\son[a-z]+=")))
        << "an inline event handler";
}

TEST(Page, HasANonceOfItsOwnEachTime) {
    EXPECT_NE(header(page_answer(), "Content-Security-Policy"),
              header(page_answer(), "Content-Security-Policy"));
}

}  // namespace
}  // namespace chat_gateway::admin
