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
    EXPECT_TRUE(open.get("Date").ends_with(" GMT"));
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

TEST(HttpServer, WindingDownEndsConnectionsBehindTheirAnswers) {
    engine_world world;
    const polling_client client(world.port());
    raw_client idle(world.port());
    EXPECT_EQ(idle.request("GET", "/ws/?EIO=9").get("Connection"), "keep-alive");
    raw_client holding(world.port());
    holding.send(raw_client::request_text("GET", client.target()));
    raw_client fresh(world.port());
    raw_client known(world.port());  // behind the others, which are accepted by now
    EXPECT_EQ(known.request("GET", "/ws/?EIO=9").status, 400U);

    world.wind_down();
    EXPECT_TRUE(idle.at_end());
    EXPECT_TRUE(known.at_end());
    world.tell(client.sid, "last");
    const auto answer = holding.response();
    EXPECT_EQ(answer.body, "4last");
    EXPECT_EQ(answer.get("Connection"), "close");
    EXPECT_TRUE(holding.at_end());
    // Its request may be on the way.
    const auto first = fresh.request("GET", polling_path);
    EXPECT_EQ(first.status, 200U);
    EXPECT_EQ(first.get("Connection"), "close");
    EXPECT_TRUE(fresh.at_end());
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

/// What forms of heads and bodies are refused, unit.http has; here is how.
TEST(HttpServer, RefusedRequestIsAnsweredAndTheConnectionClosed) {
    engine_world world;
    const polling_client client(world.port());
    const std::string post = "POST " + client.target() + " HTTP/1.1\r\nHost: h\r\n";
    const std::string smuggled = "5\r\n4evil\r\n0\r\n\r\n";
    const std::vector<std::pair<std::string, unsigned>> cases = {
        {"nonsense\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nBad Header\r\n\r\n", 400},
        {"\x16\x03\x01\x02", 400},
        {"GET /ws/ HTTP/1.1\n", 400},
        {"GET /ws/ HTTP/1.1\r\n\r\n", 400},
        {"GET /ws/ HTTP/2.0\r\nHost: h\r\n\r\n", 505},
        {"GET /" + std::string(9000, 'x'), 414},
        {post + "Expect: 102-processing\r\nContent-Length: 2\r\n\r\n", 417},
        {post + "Content-Length: -1\r\n\r\n", 400},
        {post + "Content-Length: 5, 5\r\n\r\n4evil", 400},
        {post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n4evil", 400},
        {post + "Content-Length: 15\r\nTransfer-Encoding: chunked\r\n\r\n" + smuggled, 400},
        {post + "Transfer-Encoding: chunked\r\nContent-Length: 15\r\n\r\n" + smuggled, 400},
        {post + "Transfer-Encoding: xchunked\r\n\r\n" + smuggled, 400},
        {post + "Transfer-Encoding : chunked\r\n\r\n" + smuggled, 400},
        {post + "X: y\r\n Transfer-Encoding: chunked\r\n\r\n" + smuggled, 400},
    };
    for (const auto& [bytes, status] : cases) {
        raw_client c(world.port());
        // What is behind it must not be served.
        c.send(bytes + raw_client::request_text("POST", client.target(), "4evil"));
        const auto r = c.response();
        EXPECT_EQ(r.status, status) << bytes;
        EXPECT_EQ(r.get("Connection"), "close") << bytes;
        EXPECT_EQ(r.body, "") << bytes;
        EXPECT_TRUE(c.at_end()) << bytes;
    }
    EXPECT_EQ(client.post("4good").body, "ok");
    EXPECT_EQ(client.get().body, "4good");
}

TEST(HttpServer, MalformedChunkIs400AndEndsTheSession) {
    engine_world world;
    const polling_client client(world.port());
    raw_client c(world.port());
    c.send("POST " + client.target() +
           " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    EXPECT_EQ(c.response().status, 400U);
    EXPECT_TRUE(c.at_end());
}

TEST(HttpServer, IdleConnectionIsClosedWithoutAWord) {
    engine_world world({.http = {.keep_alive_time = milliseconds(50)}});
    raw_client silent(world.port());
    EXPECT_TRUE(silent.at_end());
}

TEST(HttpServer, SlowRequestIs408) {
    engine_world world({.http = {.head_time = milliseconds(50), .body_time = milliseconds(50)}});
    for (const char* begun :
         {"GET /ws/ HT", "GET /ws/ HTTP/1.1\r\nHost: h\r\n",
          "POST /ws/ HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n4",
          "POST /ws/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5"}) {
        raw_client slow(world.port());
        slow.send(begun);
        const auto r = slow.response();
        EXPECT_EQ(r.status, 408U) << begun;
        EXPECT_EQ(r.get("Connection"), "close") << begun;
        EXPECT_TRUE(slow.at_end()) << begun;
    }
}

TEST(HttpServer, ByteNowAndThenDoesNotExtendTheDeadline) {
    engine_world world({.http = {.head_time = milliseconds(200), .body_time = milliseconds(200)}});
    const auto drip = [&](std::string_view start, std::string_view more) {
        raw_client c(world.port());
        c.send(start);
        // Sends on as long as the server takes it; a server that waits on is seen by the number.
        for (const char byte : more) {
            if (c.has_input_within(milliseconds(20))) break;
            c.send({&byte, 1});
        }
        return c.response().status;
    };
    EXPECT_EQ(drip("GET /ws/ HTTP/1.1\r\nHost: h\r\nX: ", std::string(1000, 'x')), 408U);
    EXPECT_EQ(drip("POST /ws/ HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n\r\n",
                   std::string(1000, 'x')),
              408U);
}

TEST(HttpServer, EmptyLineBehindABodyIsSkipped) {
    engine_world world;
    const polling_client client(world.port());
    raw_client c(world.port());
    c.send(raw_client::request_text("POST", client.target(), "4x") + "\r\n" +
           raw_client::request_text("GET", client.target()));
    EXPECT_EQ(c.response().body, "ok");
    EXPECT_EQ(c.response().body, "4x");
}

TEST(HttpServer, Http10IsKeptOnlyIfAskedFor) {
    engine_world world;
    raw_client c(world.port());
    c.send("GET /ws/?EIO=4 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(c.response().get("Connection"), "keep-alive");
    c.send("GET /ws/?EIO=4 HTTP/1.0\r\n\r\n");
    EXPECT_EQ(c.response().get("Connection"), "close");
    EXPECT_TRUE(c.at_end());
}

TEST(HttpServer, HeadGetsTheLengthButNoBody) {
    engine_world world;
    raw_client c(world.port());
    c.send_request("HEAD", "/ws/?EIO=4&transport=polling");
    const auto r = c.response_head();
    EXPECT_EQ(r.status, 400U);
    EXPECT_EQ(
        r.get("Content-Length"),
        std::to_string(std::string_view(R"({"code":2,"message":"Bad handshake method"})").size()));
    EXPECT_EQ(c.request("GET", "/ws/?EIO=4").status, 400U);  // right behind the head
}

TEST(HttpServer, AsteriskAsksAboutTheServer) {
    engine_world world;
    raw_client c(world.port());
    EXPECT_EQ(c.request("OPTIONS", "*").status, 204U);
    EXPECT_EQ(c.request("GET", "/ws/?EIO=4").status, 400U);
}

TEST(HttpServer, ClientThatHasFinishedSendingStillGetsItsAnswers) {
    engine_world world;
    const polling_client client(world.port());
    raw_client c(world.port());
    c.send(raw_client::request_text("POST", client.target(), "4one") +
           raw_client::request_text("GET", client.target()));
    c.finish_sending();
    EXPECT_EQ(c.response().body, "ok");
    EXPECT_EQ(c.response().body, "4one");
    EXPECT_TRUE(c.at_end());
    EXPECT_EQ(client.post("4alive").body, "ok");
}

TEST(HttpServer, AbsoluteTargetOverridesTheHostAlsoForCors) {
    const http::cors_policy policy({"https://shop.example"});
    engine_world world({.cors = &policy});
    const header_list origin{{"Origin", "http://gateway.test"}};
    EXPECT_EQ(raw_client(world.port()).request("GET", polling_path, {}, origin).status, 200U);
    EXPECT_EQ(raw_client(world.port())
                  .request("GET", "http://other.test" + std::string(polling_path), {}, origin)
                  .status,
              403U);
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
