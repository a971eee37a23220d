#include "engine_world.hpp"

#include <gtest/gtest.h>

namespace chat_gateway::tests {
namespace {

TEST(Polling, HandshakeAnswersWithTheOpenPacket) {
    engine_world world;
    const auto r = raw_client(world.port()).request("GET", polling_path);
    EXPECT_EQ(r.status, 200U);
    EXPECT_EQ(r.get("Content-Type"), "text/plain; charset=UTF-8");
    EXPECT_EQ(r.get("cache-control"), "no-store");
    const std::string sid = sid_of(r.body);
    EXPECT_EQ(r.body, R"(0{"sid":")" + sid +
                          R"(","upgrades":["websocket"],"pingInterval":25000,)"
                          R"("pingTimeout":20000,"maxPayload":1000000})");
    EXPECT_EQ(world.seen().lines(), std::vector<std::string>{sid + " open polling"});
}

TEST(Polling, HandshakeOffersNoUpgradeWhenWebSocketsAreOff) {
    engine_world world({.allow_websocket = false});
    const auto r = raw_client(world.port()).request("GET", polling_path);
    EXPECT_NE(r.body.find(R"("upgrades":[],)"), std::string::npos) << r.body;
}

TEST(Polling, GetIsHeldUntilThereIsAMessage) {
    engine_world world;
    const polling_client client(world.port());
    auto get = client.begin_get();
    world.tell(client.sid, "hello");
    const auto r = get.response();
    EXPECT_EQ(r.status, 200U);
    EXPECT_EQ(r.body, "4hello");
    EXPECT_EQ(r.get("Content-Type"), "text/plain; charset=UTF-8");
    EXPECT_EQ(r.get("cache-control"), "no-store");
}

TEST(Polling, PostIsAnsweredOkAndDelivered) {
    engine_world world;
    const polling_client client(world.port());
    const auto r = client.post("4hi");
    EXPECT_EQ(r.status, 200U);
    EXPECT_EQ(r.body, "ok");
    EXPECT_EQ(r.get("Content-Type"), "text/html");
    EXPECT_TRUE(world.seen().wait_for(client.sid + " message hi"));
    EXPECT_EQ(client.get().body, "4hi");
}

TEST(Polling, SeveralPacketsShareAPayloadInBothDirections) {
    engine_world world;
    const polling_client client(world.port());
    EXPECT_EQ(client
                  .post("4one\x1e"
                        "4two\x1e"
                        "bAQIDBA==\x1e"
                        "4three")
                  .body,
              "ok");
    EXPECT_EQ(client.get().body,
              "4one\x1e"
              "4two\x1e"
              "bAQIDBA==\x1e"
              "4three");
    EXPECT_EQ(
        world.seen().lines(),
        (std::vector<std::string>{
            client.sid + " open polling", client.sid + " message one", client.sid + " message two",
            client.sid + " binary \x01\x02\x03\x04", client.sid + " message three"}));
}

TEST(Polling, MessagesOfOneTickLeaveInOneBody) {
    engine_world world;
    const polling_client client(world.port());
    auto get = client.begin_get();
    world.with_session(client.sid, [](server::engine& e, slot_handle h) {
        e.send(h, server::wire_ref(server::wire_bytes::message("a")));
        e.send(h, server::wire_ref(server::wire_bytes::binary("\xff")));
        e.send(h, server::wire_ref(server::wire_bytes::message("b")));
    });
    EXPECT_EQ(get.response().body,
              "4a\x1e"
              "b/w==\x1e"
              "4b");
}

TEST(Polling, PacketsWithoutMeaningAreIgnored) {
    engine_world world;
    const polling_client client(world.port());
    EXPECT_EQ(client
                  .post("0\x1e"
                        "5\x1e"
                        "6\x1e"
                        "3")
                  .body,
              "ok");
    EXPECT_EQ(client.post("4still here").body, "ok");
    EXPECT_EQ(client.get().body, "4still here");
}

TEST(Polling, OtherMethodsGetAnEmpty500) {
    engine_world world;
    const polling_client client(world.port());
    for (const char* method : {"PUT", "DELETE"}) {
        const auto r = raw_client(world.port()).request(method, client.target());
        EXPECT_EQ(r.status, 500U) << method;
        EXPECT_EQ(r.body, "") << method;
    }
    EXPECT_EQ(world.session_count(), 1U);
}

struct refusal_case {
    const char* name;
    const char* method;
    const char* target;
    unsigned code;
    const char* message;
};

class PollingRefusal : public testing::TestWithParam<refusal_case> {};

TEST_P(PollingRefusal, NamesCodeAndMessage) {
    engine_world world;
    const auto& c = GetParam();
    const auto r = raw_client(world.port()).request(c.method, c.target);
    EXPECT_EQ(r.status, 400U);
    EXPECT_EQ(r.get("Content-Type"), "application/json");
    EXPECT_EQ(r.body,
              R"({"code":)" + std::to_string(c.code) + R"(,"message":")" + c.message + "\"}");
    EXPECT_EQ(world.session_count(), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    All, PollingRefusal,
    testing::Values(refusal_case{"no_transport", "GET", "/ws/?EIO=4", 0, "Transport unknown"},
                    refusal_case{"strange_transport", "GET", "/ws/?EIO=4&transport=webtransport", 0,
                                 "Transport unknown"},
                    refusal_case{"unknown_sid", "GET",
                                 "/ws/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA", 1,
                                 "Session ID unknown"},
                    refusal_case{"sid_of_a_loop_that_is_not", "GET",
                                 "/ws/?EIO=4&transport=polling&sid=_AAAAAAAAAAAAAAAAAAA", 1,
                                 "Session ID unknown"},
                    refusal_case{"sid_that_is_none", "GET",
                                 "/ws/?EIO=4&transport=polling&sid=__proto__", 1,
                                 "Session ID unknown"},
                    refusal_case{"post_as_handshake", "POST", "/ws/?EIO=4&transport=polling", 2,
                                 "Bad handshake method"},
                    refusal_case{"websocket_without_upgrade", "GET",
                                 "/ws/?EIO=4&transport=websocket", 3, "Bad request"},
                    refusal_case{"old_version", "GET", "/ws/?EIO=3&transport=polling", 5,
                                 "Unsupported protocol version"},
                    refusal_case{"no_version", "GET", "/ws/?transport=polling", 5,
                                 "Unsupported protocol version"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(Polling, OfAWebSocketSessionIsABadRequest) {
    engine_world world;
    const websocket_client client(world.port());
    const std::string target = polling_path + ("&sid=" + client.sid);
    for (const char* method : {"GET", "POST"}) {
        const auto r = raw_client(world.port()).request(method, target);
        EXPECT_EQ(r.status, 400U) << method;
        EXPECT_EQ(r.body, R"({"code":3,"message":"Bad request"})") << method;
    }
    EXPECT_EQ(world.session_count(), 1U);
}

TEST(Polling, IsUnknownWhenSwitchedOff) {
    engine_world world({.allow_polling = false});
    const auto r = raw_client(world.port()).request("GET", polling_path);
    EXPECT_EQ(r.body, R"({"code":0,"message":"Transport unknown"})");
}

TEST(Polling, ForgedSidOfALivingSessionIsUnknown) {
    engine_world world;
    polling_client client(world.port());
    client.sid.back() = client.sid.back() == 'A' ? 'B' : 'A';
    EXPECT_EQ(client.get().body, R"({"code":1,"message":"Session ID unknown"})");
    EXPECT_EQ(client.post("4x").body, R"({"code":1,"message":"Session ID unknown"})");
    EXPECT_EQ(world.seen().lines().size(), 1U);
}

TEST(Polling, RefusedHandshakeGetsTheApplicationsAnswer) {
    engine_world world;
    world.on_each([](server::engine&, echo_application& a) { a.refuses = true; });
    const auto r = raw_client(world.port()).request("GET", polling_path);
    EXPECT_EQ(r.status, 401U);
    EXPECT_EQ(r.body, R"({"code":4,"message":"Unauthorized"})");
    EXPECT_EQ(world.session_count(), 0U);
}

TEST(Polling, NoHandshakeAfterStopAdmittingButSessionsGoOn) {
    engine_world world;
    const polling_client client(world.port());
    world.on_each([](server::engine& e, echo_application&) { e.stop_admitting(); });
    const auto r = raw_client(world.port()).request("GET", polling_path);
    EXPECT_EQ(r.status, 503U);
    EXPECT_EQ(r.body, R"({"code":5,"message":"Service unavailable"})");
    EXPECT_EQ(r.get("Retry-After"), "5");
    EXPECT_EQ(r.get("Connection"), "close");
    EXPECT_EQ(client.post("4on").body, "ok");
    EXPECT_EQ(client.get().body, "4on");
}

TEST(Polling, PayloadOverTheLimitIsRefusedAndTheSessionLivesOn) {
    engine_world world({.max_payload = 1000});
    const polling_client client(world.port());
    const auto r = client.post("4" + std::string(1000, 'x'));
    EXPECT_EQ(r.status, 413U);
    EXPECT_EQ(r.body, "");
    EXPECT_EQ(client.post("4" + std::string(999, 'y')).body, "ok");
    EXPECT_EQ(client.get().body, "4" + std::string(999, 'y'));
}

TEST(Polling, ChunkedPayloadOverTheLimitIsRefusedAsWell) {
    engine_world world({.max_payload = 1000});
    const polling_client client(world.port());
    raw_client c(world.port());
    c.send("POST " + client.target() +
           " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n4" +
           std::string(0x3ff, 'x') + "\r\n0\r\n\r\n");
    EXPECT_EQ(c.response().status, 413U);
    EXPECT_EQ(client.post("4alive").body, "ok");
    EXPECT_EQ(client.get().body, "4alive");
}

class Cors : public testing::Test {
protected:
    http::cors_policy policy{{"https://shop.example"}};
    engine_world world{{.cors = &policy}};
};

TEST_F(Cors, AllowedOriginGetsItsHeadersOnEveryAnswer) {
    const header_list origin{{"Origin", "https://shop.example"}};
    const auto expect_headers = [](const raw_response& r) {
        EXPECT_EQ(r.get("Access-Control-Allow-Origin"), "https://shop.example") << r.status;
        EXPECT_EQ(r.get("Access-Control-Allow-Credentials"), "true") << r.status;
        EXPECT_EQ(r.get("Vary"), "Origin") << r.status;
    };
    raw_client c(world.port());
    const auto opened = c.request("GET", polling_path, {}, origin);
    EXPECT_EQ(opened.status, 200U);
    expect_headers(opened);
    expect_headers(c.request("POST", polling_path + ("&sid=" + sid_of(opened.body)), "4x", origin));
    expect_headers(c.request("GET", polling_path + ("&sid=" + sid_of(opened.body)), {}, origin));
    expect_headers(c.request("GET", "/ws/?EIO=4", {}, origin));
    expect_headers(raw_client(world.port()).upgrade(websocket_path, origin));
    world.on_each([](server::engine&, echo_application& a) { a.refuses = true; });
    expect_headers(c.request("GET", polling_path, {}, origin));
}

TEST_F(Cors, ForeignOriginIsForbiddenOnPollingAndUpgrade) {
    const header_list origin{{"Origin", "https://evil.example"}};
    raw_client c(world.port());
    for (const auto& r : {c.request("GET", polling_path, {}, origin),
                          raw_client(world.port()).upgrade(websocket_path, origin)}) {
        EXPECT_EQ(r.status, 403U);
        EXPECT_EQ(r.body, R"({"code":4,"message":"Forbidden"})");
        EXPECT_EQ(r.get("Access-Control-Allow-Origin"), "");
    }
    EXPECT_EQ(world.session_count(), 0U);
}

TEST_F(Cors, PreflightNeverReachesTheSessions) {
    const auto r = raw_client(world.port())
                       .request("OPTIONS", "/ws/?EIO=4&transport=polling&sid=bogus", {},
                                {{"Origin", "https://shop.example"},
                                 {"Access-Control-Request-Headers", "x-one"}});
    EXPECT_EQ(r.status, 204U);
    EXPECT_EQ(r.get("Access-Control-Allow-Origin"), "https://shop.example");
    EXPECT_EQ(r.get("Access-Control-Allow-Headers"), "x-one");
}

}  // namespace
}  // namespace chat_gateway::tests
