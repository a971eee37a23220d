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

TEST(Polling, GrowingPayloadOverTheLimitIsRefusedAndTheSessionLivesOn) {
    engine_world world({.max_payload = 1000});
    const polling_client client(world.port());
    raw_client c(world.port());
    c.send("POST " + client.target() +
           " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(c.response().status, 100U);
    c.send("2\r\n4x\r\n400\r\n");
    EXPECT_EQ(c.response().status, 413U);
    EXPECT_TRUE(c.at_end());
    EXPECT_EQ(client.post("4alive").body, "ok");
    EXPECT_EQ(client.get().body, "4alive");
}

TEST(Polling, SecondGetGetsAnEmpty400AndEndsTheSession) {
    engine_world world;
    const polling_client client(world.port());
    auto first = client.begin_get();
    EXPECT_EQ(client.post("6").body, "ok");  // the GET came before
    const auto second = client.get();
    EXPECT_EQ(second.status, 400U);
    EXPECT_EQ(second.body, "");
    EXPECT_EQ(first.response().body, "1");
    EXPECT_TRUE(world.seen().wait_for(client.sid + " close transport_error"));
    EXPECT_EQ(client.get().body, R"({"code":1,"message":"Session ID unknown"})");
}

TEST(Polling, OctetStreamIs400AndEndsTheSession) {
    engine_world world;
    const polling_client client(world.port());
    const auto r =
        raw_client(world.port())
            .request("POST", client.target(), "4x", {{"Content-Type", "application/octet-stream"}});
    EXPECT_EQ(r.status, 400U);
    EXPECT_EQ(r.body, "");
    EXPECT_TRUE(world.seen().wait_for(client.sid + " close parse_error"));
    EXPECT_EQ(world.seen().lines().size(), 2U);  // nothing was delivered
}

TEST(Polling, AnyOtherContentTypeWillDo) {
    engine_world world;
    const polling_client client(world.port());
    for (const char* type : {"application/json", "text/html", "nonsense"}) {
        EXPECT_EQ(raw_client(world.port())
                      .request("POST", client.target(), "4x", {{"Content-Type", type}})
                      .body,
                  "ok");
        EXPECT_EQ(client.get().body, "4x") << type;
    }
}

TEST(Polling, GarbageIsPostedOkAndEndsTheSession) {
    for (const char* garbage : {"9", "", "\x1e", "x",
                                "4good\x1e"
                                "9",
                                "4\xff", "2", "2probe"}) {
        engine_world world;
        const polling_client client(world.port());
        auto get = client.begin_get();
        EXPECT_EQ(client.post("6").body, "ok");  // the GET came before
        EXPECT_EQ(client.post(garbage).body, "ok") << garbage;
        EXPECT_TRUE(world.seen().wait_for(client.sid + " close parse_error")) << garbage;
        EXPECT_EQ(get.response().body, "1") << garbage;
        EXPECT_EQ(client.post("4x").body, R"({"code":1,"message":"Session ID unknown"})");
    }
}

TEST(Polling, HeadWithASidIsAnEmpty500) {
    engine_world world;
    const polling_client client(world.port());
    raw_client c(world.port());
    c.send_request("HEAD", client.target());
    const auto r = c.response_head();
    EXPECT_EQ(r.status, 500U);
    EXPECT_EQ(r.get("Content-Length"), "0");
    EXPECT_EQ(c.request("OPTIONS", client.target()).status, 500U);
    EXPECT_EQ(world.session_count(), 1U);
}

TEST(Polling, WithAnotherProtocolsUpgradeIsAnOrdinaryRequest) {
    engine_world world;
    EXPECT_EQ(raw_client(world.port())
                  .request("GET", polling_path, {}, {{"Connection", "Upgrade"}, {"Upgrade", "h2c"}})
                  .status,
              200U);
}

TEST(Polling, SessionIsGoneAtTheMomentItsPongIsOverdue) {
    using std::chrono::milliseconds;
    const milliseconds interval(60);
    const milliseconds timeout(40);
    engine_world world({.session = {.ping_interval = interval, .ping_timeout = timeout}});
    raw_client c(world.port());
    const std::string sid = sid_of(c.request("GET", polling_path).body);
    EXPECT_FALSE(c.has_input_within(interval + timeout));
    const auto r = c.request("GET", polling_path + ("&sid=" + sid));
    EXPECT_EQ(r.body, R"({"code":1,"message":"Session ID unknown"})");
    EXPECT_TRUE(world.seen().wait_for(sid + " close ping_timeout"));
}

class SlowPost : public testing::TestWithParam<unsigned> {
protected:
    /// Of several loops, so that the session's is not always the one that gets the POST.
    engine_world world{{.loops = GetParam()}};
    int rounds = GetParam() == 1 ? 1 : 20;
};
INSTANTIATE_TEST_SUITE_P(Loops, SlowPost, testing::Values(1U, 4U),
                         [](const auto& tested) { return std::to_string(tested.param); });

TEST_P(SlowPost, IsDeliveredWhenItIsComplete) {
    for (int n = 0; n < rounds; ++n) {
        const polling_client client(world.port());
        auto post = client.begin_post(7);
        post.send("4sl");
        world.tell(client.sid, "meanwhile");
        EXPECT_EQ(client.get().body, "4meanwhile");
        post.send("owly");
        EXPECT_EQ(post.response().body, "ok");
        EXPECT_EQ(client.get().body, "4slowly");
        EXPECT_EQ(client.post("4next").body, "ok");
    }
}

TEST_P(SlowPost, DroppedByTheClientEndsTheSession) {
    for (int n = 0; n < rounds; ++n) {
        const polling_client client(world.port());
        auto post = client.begin_post(10);
        post.send("4sl");
        post.close();
        EXPECT_TRUE(world.seen().wait_for(client.sid + " close transport_lost"));
        EXPECT_EQ(client.get().body, R"({"code":1,"message":"Session ID unknown"})");
    }
}

TEST_P(SlowPost, SecondOneIsRefusedAndTheFirstClosedUnanswered) {
    for (int n = 0; n < rounds; ++n) {
        const polling_client client(world.port());
        auto first = client.begin_post(10);
        first.send("4fir");
        raw_client second(world.port());
        // Its head is enough, and it is not told to go on.
        second.send("POST " + client.target() +
                    " HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n");
        const auto r = second.response();
        EXPECT_EQ(r.status, 400U);
        EXPECT_EQ(r.body, "");
        EXPECT_TRUE(second.at_end());
        EXPECT_TRUE(first.at_end());
        EXPECT_TRUE(world.seen().wait_for(client.sid + " close transport_error"));
        EXPECT_EQ(client.get().body, R"({"code":1,"message":"Session ID unknown"})");
    }
}

TEST_P(SlowPost, CompleteSecondOneIsRefusedAsWell) {
    for (int n = 0; n < rounds; ++n) {
        const polling_client client(world.port());
        auto first = client.begin_post(10);
        const auto r = client.post("4second");
        EXPECT_EQ(r.status, 400U);
        EXPECT_EQ(r.body, "");
        EXPECT_TRUE(first.at_end());
        EXPECT_TRUE(world.seen().wait_for(client.sid + " close transport_error"));
    }
    for (const auto& line : world.seen().lines())
        EXPECT_EQ(line.find("message"), std::string::npos) << line;
}

TEST_P(SlowPost, IsNotLostWhenTheUpgradeCompletesMeanwhile) {
    for (int n = 0; n < rounds; ++n) {
        const polling_client client(world.port());
        auto post = client.begin_post(7);
        post.send("4lat");
        auto ws = client.upgrade();
        ws.text("2probe");
        EXPECT_EQ(ws.frame(), text_of("3probe"));
        ws.text("5");
        ASSERT_TRUE(world.seen().wait_for(client.sid + " upgrade"));
        post.send("ely");
        EXPECT_EQ(post.response().body, "ok");
        EXPECT_EQ(ws.frame(), text_of("4lately"));
    }
}

TEST_P(SlowPost, DroppedAfterTheUpgradeLeavesTheSessionAlone) {
    for (int n = 0; n < rounds; ++n) {
        const polling_client client(world.port());
        auto post = client.begin_post(7);
        auto ws = client.upgrade();
        ws.text("5");
        ASSERT_TRUE(world.seen().wait_for(client.sid + " upgrade"));
        post.close();
        ws.text("4alive");
        EXPECT_EQ(ws.frame(), text_of("4alive"));
    }
}

TEST_P(SlowPost, OfAClosedSessionIsUnknownWhenComplete) {
    for (int n = 0; n < rounds; ++n) {
        const polling_client client(world.port());
        auto post = client.begin_post(2);
        world.close(client.sid, engineio::close_reason::transport_error);
        post.send("4x");
        EXPECT_EQ(post.response().body, R"({"code":1,"message":"Session ID unknown"})");
    }
}

TEST(Polling, DroppedPostReleasesTheHeldGet) {
    engine_world world;
    const polling_client client(world.port());
    auto get = client.begin_get();
    EXPECT_EQ(client.post("6").body, "ok");  // the GET came before
    client.begin_post(10).close();
    EXPECT_EQ(get.response().body, "1");
}

TEST(Polling, StalledPostEndsTheSession) {
    engine_world world({.http = {.body_time = std::chrono::milliseconds(50)}});
    const polling_client client(world.port());
    auto post = client.begin_post(10);
    EXPECT_EQ(post.response().status, 408U);
    EXPECT_TRUE(world.seen().wait_for(client.sid + " close transport_lost"));
}

TEST(Polling, PostWithOddChunksEndsTheSession) {
    engine_world world;
    const polling_client client(world.port());
    raw_client c(world.port());
    c.send("POST " + client.target() +
           " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(c.response().status, 100U);
    c.send("zz\r\n");
    EXPECT_EQ(c.response().status, 400U);
    EXPECT_TRUE(world.seen().wait_for(client.sid + " close transport_lost"));
}

TEST(Jsonp, BodiesAreScriptsAndPostsAreForms) {
    engine_world world;
    raw_client c(world.port());
    const auto opened = c.request("GET", polling_path + std::string("&j=1a2"));
    EXPECT_EQ(opened.get("Content-Type"), "text/plain; charset=UTF-8");
    constexpr std::string_view start = "___eio[12](\"0{\\\"sid\\\":\\\"";
    ASSERT_TRUE(opened.body.starts_with(start)) << opened.body;
    EXPECT_TRUE(opened.body.ends_with("}\");")) << opened.body;
    const std::string sid = opened.body.substr(start.size(), public_id::text_size);
    // The handshake's `j` counts, whatever later requests say.
    const std::string target = polling_path + ("&sid=" + sid + "&j=7");

    const auto posted = c.request("POST", target, "d=4a%5Cnb+c%5C%5Cn%1E4two",
                                  {{"Content-Type", "application/x-www-form-urlencoded"}});
    EXPECT_EQ(posted.status, 200U);
    EXPECT_EQ(posted.body, "ok");
    EXPECT_EQ(posted.get("Content-Type"), "text/html");
    EXPECT_EQ(c.request("GET", target).body, R"(___eio[12]("4a\nb c\\n\u001e4two");)");

    EXPECT_EQ(c.request("POST", target, "e=4x").body, "ok");  // no `d`: ignored
    raw_client get(world.port());
    get.send_request("GET", polling_path + ("&sid=" + sid));
    EXPECT_EQ(raw_client(world.port()).request("POST", target, "d=6").body, "ok");
    EXPECT_EQ(c.request("POST", target, "d=1").body, "ok");
    EXPECT_EQ(get.response().body, R"(___eio[12]("6");)");
    EXPECT_EQ(c.request("GET", target).body, R"({"code":1,"message":"Session ID unknown"})");
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
