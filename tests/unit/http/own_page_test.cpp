#include <chat_gateway/http/own_page.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace chat_gateway::http;

bool own(std::string origin, std::string host, const std::vector<std::string>& names = {}) {
    request r;
    r.headers = {{"Host", std::move(host)}, {"Origin", std::move(origin)}};
    return is_from_own_page(r, names);
}

TEST(OwnPage, IsOneThatCameFromAnAddressOrLocalhost) {
    EXPECT_TRUE(own("http://127.0.0.1:7001", "127.0.0.1:7001"));
    EXPECT_TRUE(own("http://[::1]:7001", "[::1]:7001"));
    EXPECT_TRUE(own("http://localhost:7001", "localhost:7001"));
    EXPECT_TRUE(own("http://LOCALHOST:7001", "Localhost:7001"));
    EXPECT_TRUE(own("http://10.0.0.7", "10.0.0.7:80"));
    EXPECT_TRUE(own("https://10.0.0.7", "10.0.0.7"));
}

TEST(OwnPage, OfAnotherHostOrPortIsNone) {
    for (const auto* origin :
         {"http://127.0.0.1:7000", "http://127.0.0.1", "http://localhost:7001",
          "http://127.0.0.2:7001", "https://127.0.0.1", "http://127.0.0.1:7001.evil.test",
          "http://evil.test", "null", "", "http://127.0.0.1:7001, http://evil.test",
          "ftp://127.0.0.1:7001", "http://127.0.0.1:7001/"})
        EXPECT_FALSE(own(origin, "127.0.0.1:7001")) << origin;
}

TEST(OwnPage, UnderANameMustHaveAConfiguredOne) {
    // The attacker lets his name point here once his page is loaded: Origin and Host agree.
    EXPECT_FALSE(own("http://evil.test:7001", "evil.test:7001"));
    EXPECT_TRUE(own("http://Ops.test:7001", "ops.test:7001", {"ops.test"}));
    EXPECT_TRUE(own("https://ops.test", "ops.test", {"ops.test"}));
    for (const auto* host :
         {"ops.test.evil.test", "evil-ops.test", "ops.test.", "a.ops.test", "localhost.evil.test",
          "127.0.0.1.evil.test", "x.localhost", "0x7f000001", "127.1", "2130706433"})
        EXPECT_FALSE(own(std::string("http://") + host, host, {"ops.test"})) << host;
}

TEST(OwnPage, NeedsOneOriginAndOneHost) {
    const header origin{"Origin", "http://127.0.0.1"};
    const header host{"Host", "127.0.0.1"};
    const auto with = [](std::vector<header> headers) {
        request r;
        r.headers = std::move(headers);
        return is_from_own_page(r, {});
    };
    EXPECT_TRUE(with({origin, host}));
    EXPECT_FALSE(with({host}));
    EXPECT_FALSE(with({origin}));
    EXPECT_FALSE(with({origin, host, {"Origin", "http://evil.test"}}));
    EXPECT_FALSE(with({origin, host, {"host", "evil.test"}}));
}

}  // namespace
