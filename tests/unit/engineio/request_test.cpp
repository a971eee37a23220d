#include <chat_gateway/engineio/request.hpp>

#include <gtest/gtest.h>

namespace chat_gateway::engineio {
namespace {

using outcome = std::variant<engine_request, request_error>;

outcome get(std::string_view query) {
    return parse_request({.method = "GET", .query = query});
}
outcome upgrade(std::string_view query) {
    return parse_request({.method = "GET", .query = query, .upgrade = true});
}

TEST(EngineRequest, PollingHandshake) {
    EXPECT_EQ(get("EIO=4&transport=polling&t=abc"), outcome(engine_request{}));
}

TEST(EngineRequest, WebsocketHandshake) {
    EXPECT_EQ(upgrade("EIO=4&transport=websocket"),
              outcome(engine_request{.via = transport::websocket}));
}

TEST(EngineRequest, OfASession) {
    EXPECT_EQ(get("EIO=4&transport=polling&sid=abc"), outcome(engine_request{.sid = "abc"}));
    EXPECT_EQ(upgrade("transport=websocket&sid=a%2Fb"),
              outcome(engine_request{.via = transport::websocket, .sid = "a/b", .v4 = false}));
}

TEST(EngineRequest, ASessionTakesAnyMethodAndVersionHere) {
    for (const auto* method : {"POST", "PUT", "HEAD"}) {
        EXPECT_EQ(parse_request({.method = method, .query = "EIO=3&transport=polling&sid=abc"}),
                  outcome(engine_request{.sid = "abc", .v4 = false}))
            << method;
    }
}

TEST(EngineRequest, UnknownTransport) {
    for (const auto* query : {"", "EIO=4", "EIO=4&transport=", "EIO=4&transport=webtransport",
                              "EIO=4&transport=Polling", "EIO=4&transport=__proto__&sid=abc"}) {
        EXPECT_EQ(get(query), outcome(request_error::unknown_transport)) << query;
    }
}

TEST(EngineRequest, SwitchedOffTransportIsUnknown) {
    EXPECT_EQ(parse_request(
                  {.method = "GET", .query = "EIO=4&transport=polling", .allow_polling = false}),
              outcome(request_error::unknown_transport));
    EXPECT_EQ(parse_request({.method = "GET",
                             .query = "EIO=4&transport=websocket",
                             .upgrade = true,
                             .allow_websocket = false}),
              outcome(request_error::unknown_transport));
}

TEST(EngineRequest, HandshakeIsAGet) {
    for (const auto* method : {"POST", "HEAD", "PUT", "OPTIONS", "get"}) {
        EXPECT_EQ(parse_request({.method = method, .query = "EIO=4&transport=polling"}),
                  outcome(request_error::bad_handshake_method))
            << method;
    }
}

TEST(EngineRequest, EmptySidIsNone) {
    EXPECT_EQ(get("EIO=4&transport=polling&sid="), outcome(engine_request{}));
    EXPECT_EQ(parse_request({.method = "POST", .query = "EIO=4&transport=polling&sid="}),
              outcome(request_error::bad_handshake_method));
}

TEST(EngineRequest, WebsocketNeedsAnUpgrade) {
    EXPECT_EQ(get("EIO=4&transport=websocket"), outcome(request_error::bad_request));
    // With a sid the table of sessions speaks first.
    EXPECT_EQ(get("EIO=4&transport=websocket&sid=abc"),
              outcome(engine_request{.via = transport::websocket, .sid = "abc"}));
}

TEST(EngineRequest, HandshakeOfAnotherVersion) {
    for (const auto* query :
         {"transport=polling", "EIO=&transport=polling", "EIO=3&transport=polling",
          "EIO=5&transport=polling", "EIO=04&transport=polling", "EIO=4.0&transport=polling"}) {
        EXPECT_EQ(get(query), outcome(request_error::unsupported_version)) << query;
    }
}

TEST(EngineRequest, TheFirstFaultIsTold) {
    EXPECT_EQ(parse_request({.method = "POST", .query = "EIO=3"}),
              outcome(request_error::unknown_transport));
    EXPECT_EQ(parse_request({.method = "POST", .query = "EIO=3&transport=websocket"}),
              outcome(request_error::bad_handshake_method));
    EXPECT_EQ(get("EIO=3&transport=websocket"), outcome(request_error::bad_request));
}

TEST(EngineRequest, Base64AndJsonp) {
    EXPECT_EQ(get("EIO=4&transport=polling&b64=1"), outcome(engine_request{.b64 = true}));
    EXPECT_EQ(get("EIO=4&transport=polling&b64="), outcome(engine_request{}));
    EXPECT_EQ(get("EIO=4&transport=polling&j=12a"), outcome(engine_request{.jsonp = "12"}));
    EXPECT_EQ(get("EIO=4&transport=polling&j=%3Cscript%3E0"),
              outcome(engine_request{.jsonp = "0"}));
}

TEST(EngineRequest, ErrorBodies) {
    EXPECT_EQ(error_body(request_error::unknown_transport),
              R"({"code":0,"message":"Transport unknown"})");
    EXPECT_EQ(error_body(request_error::unknown_sid),
              R"({"code":1,"message":"Session ID unknown"})");
    EXPECT_EQ(error_body(request_error::bad_handshake_method),
              R"({"code":2,"message":"Bad handshake method"})");
    EXPECT_EQ(error_body(request_error::bad_request), R"({"code":3,"message":"Bad request"})");
    EXPECT_EQ(error_body(request_error::forbidden), R"({"code":4,"message":"Forbidden"})");
    EXPECT_EQ(error_body(request_error::unsupported_version),
              R"({"code":5,"message":"Unsupported protocol version"})");
}

}  // namespace
}  // namespace chat_gateway::engineio
