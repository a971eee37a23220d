#include "engine_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Each way a session can end.
namespace chat_gateway::tests {
namespace {

using engineio::close_reason;
using std::chrono::milliseconds;

constexpr const char* unknown_session = R"({"code":1,"message":"Session ID unknown"})";

/// The session has ended for that reason, once, and is gone.
void expect_closed(engine_world& world, const std::string& sid, const std::string& reason) {
    EXPECT_TRUE(world.seen().wait_for(sid + " close " + reason)) << reason;
    std::size_t closes = 0;
    for (const auto& line : world.seen().lines())
        closes += line.starts_with(sid + " close ") ? 1 : 0;
    EXPECT_EQ(closes, 1U);
    EXPECT_EQ(world.session_count(), 0U);
}

world_options with(engineio::session_options session) {
    return {.session = session};
}

TEST(CloseReason, ClientClose) {
    engine_world world;
    const polling_client poller(world.port());
    auto get = poller.begin_get();
    EXPECT_EQ(poller.post("1").body, "ok");
    const auto released = get.response();  // with a noop, unless it came behind the close
    EXPECT_EQ(released.body, released.status == 200 ? "6" : unknown_session);
    EXPECT_EQ(poller.get().body, unknown_session);
    expect_closed(world, poller.sid, "client_close");

    websocket_client socket(world.port());
    socket.wire.send(close_frame(1001));
    EXPECT_EQ(socket.wire.frame(), close_of(1001));
    EXPECT_TRUE(socket.wire.at_end());
    expect_closed(world, socket.sid, "client_close");
}

TEST(CloseReason, TransportLost) {
    engine_world world;
    const polling_client poller(world.port());
    poller.begin_get().close();
    expect_closed(world, poller.sid, "transport_lost");
    EXPECT_EQ(poller.get().body, unknown_session);

    websocket_client socket(world.port());
    socket.wire.close();
    expect_closed(world, socket.sid, "transport_lost");
}

TEST(CloseReason, TransportErrorByASecondGet) {
    engine_world world;
    const polling_client poller(world.port());
    auto one = poller.begin_get();
    auto other = poller.begin_get();
    auto first = one.response();
    auto second = other.response();
    if (first.status == 400) std::swap(first, second);  // the network may turn them round
    EXPECT_EQ(first.status, 200U);
    EXPECT_EQ(first.body, "1");
    EXPECT_EQ(second.status, 400U);
    EXPECT_EQ(second.body, "");
    expect_closed(world, poller.sid, "transport_error");
}

TEST(CloseReason, TransportErrorByAFrameAgainstTheRules) {
    engine_world world;
    websocket_client socket(world.port());
    socket.wire.send(client_frame{.payload = "4x", .masked = false}.bytes());
    EXPECT_EQ(socket.wire.frame(), close_of(1002));
    expect_closed(world, socket.sid, "transport_error");

    websocket_client other(world.port());
    other.wire.text("4\xff");
    EXPECT_EQ(other.wire.frame(), close_of(1007));
    expect_closed(world, other.sid, "transport_error");
}

TEST(CloseReason, ParseError) {
    engine_world world;
    for (const char* garbage : {"9", "", "\x1e", "2",
                                "4ok\x1e"
                                "hello"}) {
        const polling_client poller(world.port());
        auto get = poller.begin_get();
        EXPECT_EQ(poller.post(garbage).body, "ok") << garbage;
        expect_closed(world, poller.sid, "parse_error");
    }
    EXPECT_EQ(raw_client(world.port()).request("GET", polling_path).status, 200U);
}

TEST(CloseReason, ParseErrorDeliversWhatCameInFrontOfIt) {
    engine_world world;
    const polling_client poller(world.port());
    EXPECT_EQ(poller
                  .post("4good\x1ezzz\x1e"
                        "4never")
                  .body,
              "ok");
    expect_closed(world, poller.sid, "parse_error");
    EXPECT_TRUE(world.seen().wait_for(poller.sid + " message good"));
    EXPECT_EQ(world.seen().lines().size(), 3U);
}

TEST(CloseReason, ParseErrorByAnOctetStream) {
    engine_world world;
    const polling_client poller(world.port());
    const auto r =
        raw_client(world.port())
            .request("POST", poller.target(), "4x", {{"Content-Type", "application/octet-stream"}});
    EXPECT_EQ(r.status, 400U);
    EXPECT_EQ(r.body, "");
    expect_closed(world, poller.sid, "parse_error");
}

TEST(CloseReason, ParseErrorOnAWebSocket) {
    engine_world world;
    for (const char* garbage : {"9", "", "2", "2probe"}) {
        websocket_client socket(world.port());
        socket.wire.text(garbage);
        EXPECT_EQ(socket.wire.frame(), empty_close()) << garbage;
        expect_closed(world, socket.sid, "parse_error");
    }
}

TEST(CloseReason, PingTimeout) {
    engine_world world(with({.ping_interval = milliseconds(60), .ping_timeout = milliseconds(60)}));
    websocket_client socket(world.port());
    EXPECT_EQ(socket.wire.frame(), text_of("2"));
    EXPECT_EQ(socket.wire.frame(), empty_close());
    EXPECT_TRUE(world.seen().wait_for(socket.sid + " close ping_timeout"));

    // The ping goes to a held GET and the end to the next one; a slow test may come too late for
    // either.
    const polling_client poller(world.port());
    const auto ping = poller.get();
    EXPECT_EQ(ping.body, ping.status == 200 ? "2" : unknown_session);
    const auto end = poller.get();
    EXPECT_EQ(end.body, end.status == 200 ? "1" : unknown_session);
    expect_closed(world, poller.sid, "ping_timeout");
}

TEST(CloseReason, NotPingTimeoutWhilePongsCome) {
    engine_world world(
        with({.ping_interval = milliseconds(40), .ping_timeout = milliseconds(8000)}));
    websocket_client socket(world.port());
    const polling_client poller(world.port());
    for (int n = 0; n < 4; ++n) {
        EXPECT_EQ(socket.wire.frame(), text_of("2"));
        socket.wire.text("3");
        EXPECT_EQ(poller.get().body, "2");
        EXPECT_EQ(poller.post("3").body, "ok");
    }
    EXPECT_EQ(world.session_count(), 2U);
}

TEST(CloseReason, ConnectTimeout) {
    engine_world world(with({.connect_timeout = milliseconds(60)}));
    websocket_client socket(world.port());
    EXPECT_EQ(socket.wire.frame(), empty_close());
    EXPECT_TRUE(world.seen().wait_for(socket.sid + " close connect_timeout"));

    // A poller that is not there at the time is told when it comes.
    const polling_client poller(world.port());
    ASSERT_TRUE(world.seen().wait_for(poller.sid + " close connect_timeout"));
    EXPECT_EQ(poller.get().body,
              "6\x1e"
              "1");
    EXPECT_EQ(poller.get().body, unknown_session);
    expect_closed(world, poller.sid, "connect_timeout");
}

TEST(CloseReason, ConnectTimeoutTellsAHeldGet) {
    engine_world world(with({.connect_timeout = milliseconds(1500)}));
    const polling_client poller(world.port());
    EXPECT_EQ(poller.get().body, "1");
    expect_closed(world, poller.sid, "connect_timeout");
}

TEST(CloseReason, NotConnectTimeoutOnceConnected) {
    engine_world world(
        with({.ping_interval = milliseconds(120), .connect_timeout = milliseconds(40)}));
    world.on_each([](server::engine&, echo_application& a) { a.connects = true; });
    websocket_client socket(world.port());
    EXPECT_EQ(socket.wire.frame(), text_of("2"));
    socket.wire.text("4here");
    EXPECT_EQ(socket.wire.frame(), text_of("4here"));
}

void say_and_close(engine_world& world, const std::string& sid, const char* last_words) {
    world.with_session(sid, [&](server::engine& e, slot_handle h) {
        e.send(h, server::wire_ref(server::wire_bytes::message(last_words)));
        e.close(h, close_reason::server_close);
        e.close(h, close_reason::server_close);
        e.send(h, server::wire_ref(server::wire_bytes::message("too late")));
    });
}

TEST(CloseReason, ServerCloseWaitsForThePoller) {
    engine_world world;
    const polling_client poller(world.port());
    say_and_close(world, poller.sid, "1");
    EXPECT_TRUE(world.seen().wait_for(poller.sid + " close server_close"));
    EXPECT_EQ(poller.post("4ignored").body, "ok");
    EXPECT_EQ(poller.get().body, "41");
    EXPECT_EQ(poller.get().body,
              "6\x1e"
              "1");
    EXPECT_EQ(poller.get().body, unknown_session);
    expect_closed(world, poller.sid, "server_close");
    EXPECT_FALSE(world.seen().wait_for(poller.sid + " message ignored", std::chrono::seconds(0)));
}

TEST(CloseReason, ServerCloseTellsAHeldGet) {
    engine_world world;
    const polling_client poller(world.port());
    auto get = poller.begin_get();
    say_and_close(world, poller.sid, "1");
    EXPECT_EQ(get.response().body, "41");
    EXPECT_EQ(poller.get().body,
              "6\x1e"
              "1");
    EXPECT_EQ(poller.get().body, unknown_session);
    expect_closed(world, poller.sid, "server_close");
}

TEST(CloseReason, ServerCloseSendsAWebSocketWhatItIsOwed) {
    engine_world world({.send_queue_bytes = 64U << 20});
    websocket_client socket(world.port(), 4096);
    const std::string large(16U << 20, 'x');
    world.tell(socket.sid, large);  // its frame is begun and stuck
    say_and_close(world, socket.sid, "1");
    EXPECT_TRUE(socket.wire.frame() == text_of("4" + large));
    EXPECT_EQ(socket.wire.frame(), text_of("41"));
    EXPECT_EQ(socket.wire.frame(), empty_close());
    socket.wire.send(control_frame(8));
    EXPECT_TRUE(socket.wire.at_end());
    expect_closed(world, socket.sid, "server_close");
}

TEST(CloseReason, SlowConsumer) {
    engine_world world({.send_queue_bytes = 256 * 1024});
    websocket_client healthy(world.port());
    websocket_client slow(world.port(), 4096);
    const server::wire_bytes burst = server::wire_bytes::message(std::string(128 * 1024, 'x'));
    world.with_session(slow.sid, [&](server::engine& e, slot_handle h) {
        for (int n = 0; n < 256; ++n)
            e.send(h, server::wire_ref(burst));
    });
    EXPECT_TRUE(world.seen().wait_for(slow.sid + " close slow_consumer"));
    world.tell(healthy.sid, "undisturbed");
    EXPECT_EQ(healthy.wire.frame(), text_of("4undisturbed"));
    slow.wire.drain();  // the connection is closed, not merely forgotten
    EXPECT_EQ(world.session_count(), 1U);
}

TEST(CloseReason, SlowConsumerByNotPolling) {
    engine_world world({.send_queue_bytes = 1500});
    const polling_client poller(world.port());
    world.tell(poller.sid, std::string(1000, 'x'));
    EXPECT_EQ(world.session_count(), 1U);
    world.tell(poller.sid, std::string(1000, 'y'));
    expect_closed(world, poller.sid, "slow_consumer");
    EXPECT_EQ(poller.get().body, unknown_session);
}

TEST(CloseReason, ShuttingDown) {
    engine_world world;
    websocket_client socket(world.port());
    world.close(socket.sid, close_reason::shutting_down);
    EXPECT_EQ(socket.wire.frame(), empty_close());
    expect_closed(world, socket.sid, "shutting_down");

    const polling_client poller(world.port());
    auto get = poller.begin_get();
    world.close(poller.sid, close_reason::shutting_down);
    const auto told = get.response();  // unless it came behind the close
    EXPECT_THAT(told.body, testing::AnyOf("1",
                                          "6\x1e"
                                          "1"));
    expect_closed(world, poller.sid, "shutting_down");

    // One that is between two GETs still gets what it is owed.
    const polling_client between(world.port());
    world.tell(between.sid, "owed");
    world.close(between.sid, close_reason::shutting_down);
    EXPECT_EQ(between.get().body, "4owed");
    EXPECT_EQ(between.get().body,
              "6\x1e"
              "1");
    EXPECT_EQ(between.get().body, unknown_session);
}

}  // namespace
}  // namespace chat_gateway::tests
