#include <chat_gateway/http/cors.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace chat_gateway::http;
using testing::ElementsAre;

request from(std::string origin, std::string host = "gateway.example") {
    request r;
    r.headers = {{"Host", std::move(host)}, {"Origin", std::move(origin)}};
    return r;
}

bool allowed(const std::vector<std::string>& origins, std::string origin,
             std::string host = "gateway.example") {
    return cors_policy(origins).allows(from(std::move(origin), std::move(host)));
}

TEST(CorsOrigins, ExactOnes) {
    EXPECT_TRUE(allowed({"http://localhost:5173"}, "http://localhost:5173"));
    EXPECT_TRUE(allowed({"https://a.example", "https://b.example"}, "https://b.example"));
    for (const auto* other :
         {"http://localhost", "http://localhost:51730", "https://localhost:5173",
          "http://localhost.evil:5173", "http://xlocalhost:5173", "http://sub.localhost:5173"}) {
        EXPECT_FALSE(allowed({"http://localhost:5173"}, other)) << other;
    }
    EXPECT_FALSE(allowed({}, "https://a.example"));
}

TEST(CorsOrigins, DefaultPortsMayBeLeftOut) {
    EXPECT_TRUE(allowed({"https://a.example:443"}, "https://a.example"));
    EXPECT_TRUE(allowed({"http://a.example"}, "http://a.example:80"));
    EXPECT_FALSE(allowed({"https://a.example"}, "https://a.example:80"));
}

TEST(CorsOrigins, CaseDoesNotMatter) {
    EXPECT_TRUE(allowed({"HTTPS://A.Example"}, "https://a.exAmple"));
}

TEST(CorsOrigins, AppsHaveSchemesOfTheirOwn) {
    EXPECT_TRUE(allowed({"capacitor://localhost"}, "capacitor://localhost"));
    EXPECT_FALSE(allowed({"capacitor://localhost"}, "ionic://localhost"));
}

TEST(CorsOrigins, AddressesInBrackets) {
    EXPECT_TRUE(allowed({"http://[::1]:5173"}, "http://[::1]:5173"));
    EXPECT_FALSE(allowed({"http://[::1]:5173"}, "http://[::1]"));
}

TEST(CorsPatterns, MatchSubDomainsOfAnyDepth) {
    EXPECT_TRUE(allowed({"https://*.example.org"}, "https://shop.example.org"));
    EXPECT_TRUE(allowed({"https://*.example.org"}, "https://a.b.example.org"));
}

TEST(CorsPatterns, NeverTheBareDomainNorALookalike) {
    for (const auto* other : {"https://example.org", "https://.example.org",
                              "https://evilexample.org", "https://shop.example.org.evil.net",
                              "https://shop.example.orga", "https://evil.net/.example.org",
                              "https://evil.net#.example.org", "https://user@shop.example.org"}) {
        EXPECT_FALSE(allowed({"https://*.example.org"}, other)) << other;
    }
}

TEST(CorsPatterns, SchemeCountsIfGiven) {
    EXPECT_FALSE(allowed({"https://*.example.org"}, "http://shop.example.org"));
    EXPECT_TRUE(allowed({"*.example.org"}, "http://shop.example.org"));
    EXPECT_TRUE(allowed({"*.example.org"}, "https://shop.example.org"));
}

TEST(CorsPatterns, PortIsTheDefaultUnlessGiven) {
    EXPECT_FALSE(allowed({"*.example.org"}, "https://shop.example.org:8443"));
    EXPECT_TRUE(allowed({"*.example.org"}, "https://shop.example.org:443"));
    EXPECT_TRUE(allowed({"*.example.org:8443"}, "https://shop.example.org:8443"));
    EXPECT_FALSE(allowed({"*.example.org:8443"}, "https://shop.example.org"));
}

TEST(CorsAllows, ARequestWithoutAnOrigin) {
    request r;
    r.headers = {{"Host", "gateway.example"}};
    EXPECT_TRUE(cors_policy({}).allows(r));
}

TEST(CorsAllows, NoNullNorMalformedOrigin) {
    const cors_policy policy({"https://a.example", "*.example"});
    for (const auto* bad : {"",
                            "null",
                            "https://",
                            "https:/a.example",
                            "a.example",
                            "://a.example",
                            "https://a.example/",
                            "https://a.example:",
                            "https://a.example:0",
                            "https://a.example:65536",
                            "https://a.example:44x",
                            "https://a.example:+443",
                            "https://a.example:443:443",
                            "https://a.example, https://a.example",
                            " https://a.example",
                            "1https://a.example",
                            "https://[::1",
                            "https://[]",
                            "https://[x]",
                            "https://a .example",
                            "https://\xc3\xa9.example"}) {
        EXPECT_FALSE(policy.allows(from(bad))) << bad;
    }
    EXPECT_FALSE(policy.allows(from(std::string("https://a.example\0", 18))));
}

TEST(CorsAllows, TheGatewaysOwnHost) {
    EXPECT_TRUE(allowed({}, "https://gateway.example"));
    EXPECT_TRUE(allowed({}, "http://gateway.example"));
    EXPECT_TRUE(allowed({}, "http://gateway.example:7000", "gateway.example:7000"));
    EXPECT_TRUE(allowed({}, "https://gateway.example", "Gateway.Example:443"));
    EXPECT_TRUE(allowed({}, "http://[::1]:7000", "[::1]:7000"));
}

TEST(CorsAllows, NotAnotherPortOfTheSameHost) {
    EXPECT_FALSE(allowed({}, "http://gateway.example:8000", "gateway.example:7000"));
    EXPECT_FALSE(allowed({}, "http://gateway.example", "gateway.example:7000"));
    EXPECT_FALSE(allowed({}, "http://gateway.example:7000"));
    EXPECT_FALSE(allowed({}, "https://gateway.example", "gateway.example:80"));
}

TEST(CorsAllows, NotWithoutAProperHost) {
    EXPECT_FALSE(allowed({}, "http://gateway.example", ""));
    EXPECT_FALSE(allowed({}, "http://gateway.example", "gateway.example/x"));
}

TEST(CorsConfiguration, SaysWhatItAccepts) {
    for (const auto* good :
         {"http://localhost:5173", "https://a.example", "capacitor://localhost", "*.example.org",
          "https://*.example.org", "https://*.example.org:8443", "http://[::1]:80"}) {
        EXPECT_TRUE(cors_policy::is_valid_origin(good)) << good;
        EXPECT_NO_THROW(cors_policy({good})) << good;
    }
    for (const auto* bad :
         {"", "*", "null", "localhost:5173", "a.example", "https://a.example/",
          "https://a.*.example", "http://[]", "http://[x]", "http://[::1", "https://*example.org",
          "https://*.", "https://*..org", "*.[::1]", "ht tp://*.example.org",
          "https://*.example.org/", "*.example.org:0", "https://**.example.org"}) {
        EXPECT_FALSE(cors_policy::is_valid_origin(bad)) << bad;
        EXPECT_THROW(cors_policy({bad}), std::invalid_argument) << bad;
    }
}

std::vector<header> headers_for(const request& r) {
    std::vector<header> out{{"Content-Type", "text/plain"}};
    cors_policy({"http://localhost:5173"}).add_headers(r, out);
    return out;
}

TEST(CorsHeaders, OfAnAllowedOrigin) {
    EXPECT_THAT(
        headers_for(from("http://localhost:5173")),
        ElementsAre(header{"Content-Type", "text/plain"},
                    header{"Access-Control-Allow-Origin", "http://localhost:5173"},
                    header{"Vary", "Origin"}, header{"Access-Control-Allow-Credentials", "true"}));
}

TEST(CorsHeaders, OfAnyOtherOrNone) {
    const auto plain = ElementsAre(header{"Content-Type", "text/plain"}, header{"Vary", "Origin"},
                                   header{"Access-Control-Allow-Credentials", "true"});
    EXPECT_THAT(headers_for(from("http://evil.example")), plain);
    EXPECT_THAT(headers_for(from("null")), plain);
    EXPECT_THAT(headers_for(request{}), plain);
}

TEST(CorsPreflight, OfAnAllowedOrigin) {
    auto r = from("http://localhost:5173");
    r.headers.push_back({"Access-Control-Request-Headers", "x-a, x-b"});
    const auto answer = cors_policy({"http://localhost:5173"}).preflight(r);
    EXPECT_EQ(answer.status, 204U);
    EXPECT_EQ(answer.body, "");
    EXPECT_THAT(
        answer.headers,
        ElementsAre(header{"Access-Control-Allow-Origin", "http://localhost:5173"},
                    header{"Vary", "Origin, Access-Control-Request-Headers"},
                    header{"Access-Control-Allow-Credentials", "true"},
                    header{"Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE"},
                    header{"Access-Control-Allow-Headers", "x-a, x-b"},
                    header{"Content-Length", "0"}));
}

TEST(CorsPreflight, OfAnyOtherOrigin) {
    const auto answer =
        cors_policy({"http://localhost:5173"}).preflight(from("http://evil.example"));
    EXPECT_EQ(answer.status, 204U);
    EXPECT_THAT(
        answer.headers,
        ElementsAre(header{"Vary", "Origin, Access-Control-Request-Headers"},
                    header{"Access-Control-Allow-Credentials", "true"},
                    header{"Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE"},
                    header{"Content-Length", "0"}));
}

}  // namespace
