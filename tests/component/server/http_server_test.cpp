#include "engine_world.hpp"

#include <gtest/gtest.h>

/// HTTP/1.1 as the public listener speaks it, with an engine behind it.
namespace chat_gateway::tests {
namespace {

using std::chrono::milliseconds;

TEST(HttpServer, ConnectionIsKeptForTheNextRequest) {
    engine_world world;
    raw_client c(world.port());
    const auto open = c.request("GET", polling_path);
    EXPECT_EQ(open.get("Connection"), "keep-alive");
    const std::string target = polling_path + ("&sid=" + sid_of(open.body));
    for (int n = 0; n < 5; ++n) {
        EXPECT_EQ(c.request("POST", target, "4x" + std::to_string(n)).body, "ok");
        EXPECT_EQ(c.request("GET", target).body, "4x" + std::to_string(n));
    }
    EXPECT_EQ(c.request("GET", "/ws/?EIO=9").status, 400U);
    EXPECT_EQ(c.request("POST", target, "1").body, "ok");
}

TEST(HttpServer, ConnectionIsClosedWhenTheClientWantsIt) {
    engine_world world;
    raw_client c(world.port());
    const auto r = c.request("GET", polling_path, {}, {{"Connection", "close"}});
    EXPECT_EQ(r.status, 200U);
    EXPECT_EQ(r.get("Connection"), "close");
    EXPECT_TRUE(c.at_end());

    raw_client old(world.port());
    old.send("GET " + std::string(polling_path) + " HTTP/1.0\r\n\r\n");
    EXPECT_EQ(old.response().status, 200U);
    EXPECT_TRUE(old.at_end());
}

TEST(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
    engine_world world;
    const polling_client client(world.port());
    raw_client c(world.port());
    c.send(raw_client::request_text("POST", client.target(), "4one") +
           raw_client::request_text("POST", client.target(), "4two") +
           raw_client::request_text("GET", client.target()) +
           raw_client::request_text("GET", "/ws/?EIO=4"));
    EXPECT_EQ(c.response().body, "ok");
    EXPECT_EQ(c.response().body, "ok");
    EXPECT_EQ(c.response().body,
              "4one\x1e"
              "4two");
    EXPECT_EQ(c.response().body, R"({"code":0,"message":"Transport unknown"})");
}

TEST(HttpServer, RequestBehindAHeldOneWaitsItsTurn) {
    engine_world world;
    const polling_client client(world.port());
    raw_client c(world.port());
    c.send(raw_client::request_text("GET", client.target()) +
           raw_client::request_text("POST", client.target(), "4behind"));
    world.tell(client.sid, "first");
    EXPECT_EQ(c.response().body, "4first");
    EXPECT_EQ(c.response().body, "ok");
}

TEST(HttpServer, HeadAndBodyMayComeInPieces) {
    engine_world world;
    const polling_client client(world.port());
    raw_client c(world.port());
    const std::string text = raw_client::request_text("POST", client.target(), "4in pieces");
    for (const char byte : text)
        c.send({&byte, 1});
    EXPECT_EQ(c.response().body, "ok");
    EXPECT_EQ(client.get().body, "4in pieces");
}

TEST(HttpServer, ChunkedBodyIsTaken) {
    engine_world world;
    const polling_client client(world.port());
    raw_client c(world.port());
    c.send("POST " + client.target() +
           " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
           "3\r\n4ch\r\n4\r\nunks\r\n0\r\n\r\n");
    EXPECT_EQ(c.response().body, "ok");
    EXPECT_EQ(client.get().body, "4chunks");
}

TEST(HttpServer, AbsoluteTargetIsUnderstood) {
    engine_world world;
    EXPECT_EQ(raw_client(world.port())
                  .request("GET", "http://gateway.test" + std::string(polling_path))
                  .status,
              200U);
}

TEST(HttpServer, ContinueIsSentToWhoeverExpectsIt) {
    engine_world world;
    const polling_client client(world.port());
    raw_client c(world.port());
    c.send("POST " + client.target() +
           " HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(c.response().status, 100U);
    c.send("4x");
    EXPECT_EQ(c.response().body, "ok");
    EXPECT_EQ(client.get().body, "4x");
}

TEST(HttpServer, BodyOverTheLimitIsRefusedInsteadOfExpected) {
    engine_world world({.max_payload = 1000});
    const polling_client client(world.port());
    raw_client c(world.port());
    c.send("POST " + client.target() +
           " HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n");
    const auto r = c.response();
    EXPECT_EQ(r.status, 413U);
    EXPECT_EQ(r.get("Connection"), "close");
    EXPECT_TRUE(c.at_end());
}

TEST(HttpServer, HeadOver16KilobytesIs431) {
    engine_world world;
    raw_client c(world.port());
    c.send_request("GET", polling_path, {}, {{"X-Large", std::string(17 * 1024, 'x')}});
    EXPECT_EQ(c.response().status, 431U);
    EXPECT_TRUE(c.at_end());

    raw_client fits(world.port());
    EXPECT_EQ(
        fits.request("GET", polling_path, {}, {{"X-Large", std::string(15 * 1024, 'x')}}).status,
        200U);
}

TEST(HttpServer, MalformedRequestIs400) {
    engine_world world;
    for (const char* bytes :
         {"nonsense\r\n\r\n", "GET /ws/ HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
          "GET / HTTP/1.1\r\nBad Header\r\n\r\n",
          "POST /ws/ HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
          "POST /ws/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"}) {
        raw_client c(world.port());
        c.send(bytes);
        EXPECT_EQ(c.response().status, 400U) << bytes;
        EXPECT_TRUE(c.at_end()) << bytes;
    }
    const polling_client client(world.port());
    raw_client c(world.port());
    c.send("POST " + client.target() +
           " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    EXPECT_EQ(c.response().status, 400U);
}

TEST(HttpServer, IdleAndSlowConnectionsAreClosed) {
    engine_world world({.http = {.head_time = milliseconds(50),
                                 .body_time = milliseconds(50),
                                 .keep_alive_time = milliseconds(50)}});
    raw_client silent(world.port());
    EXPECT_TRUE(silent.at_end());

    raw_client slow_head(world.port());
    slow_head.send("GET /ws/ HT");
    EXPECT_TRUE(slow_head.at_end());

    raw_client slow_body(world.port());
    slow_body.send("POST /ws/ HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n4");
    EXPECT_TRUE(slow_body.at_end());
}

TEST(HttpServer, HeldRequestIsNotIdle) {
    engine_world world(
        {.session = {.ping_interval = milliseconds(300)},
         .http = {.head_time = milliseconds(50), .keep_alive_time = milliseconds(50)}});
    const polling_client client(world.port());
    EXPECT_EQ(client.get().body, "2");
}

}  // namespace
}  // namespace chat_gateway::tests
