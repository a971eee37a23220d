#include "engine_world.hpp"

#include <gtest/gtest.h>

namespace chat_gateway::tests {
namespace {

TEST(WebSocket, HandshakeSwitchesAndSendsTheOpenPacket) {
    engine_world world;
    raw_client c(world.port());
    const auto r = c.upgrade(websocket_path);
    EXPECT_EQ(r.status, 101U);
    EXPECT_EQ(r.get("Upgrade"), "websocket");
    EXPECT_EQ(r.get("Connection"), "Upgrade");
    EXPECT_EQ(r.get("Sec-WebSocket-Accept"), "C/0nmHhBztSRGR1CwL6Tf4ZjwpY=");
    const auto open = c.frame();
    const std::string sid = sid_of(open.payload);
    EXPECT_EQ(open, text_of(R"(0{"sid":")" + sid +
                            R"(","upgrades":[],"pingInterval":25000,)"
                            R"("pingTimeout":20000,"maxPayload":1000000})"));
    EXPECT_EQ(world.seen().lines(), std::vector<std::string>{sid + " open websocket"});
}

TEST(WebSocket, EchoesTextAndBinary) {
    engine_world world;
    websocket_client client(world.port());
    client.wire.text("4hello");
    EXPECT_EQ(client.wire.frame(), text_of("4hello"));
    client.wire.binary(std::string("\0\xff", 2));
    EXPECT_EQ(client.wire.frame(), binary_of(std::string("\0\xff", 2)));
    client.wire.text("bAQI=");  // base64 as text counts as binary
    EXPECT_EQ(client.wire.frame(), binary_of("\x01\x02"));
    client.wire.text("4");
    EXPECT_EQ(client.wire.frame(), text_of("4"));
}

TEST(WebSocket, FragmentsAndFramesInPiecesAreOneMessage) {
    engine_world world;
    websocket_client client(world.port());
    client.wire.send(text_frame("4frag", false));
    client.wire.send(control_frame(9, "still there?"));
    EXPECT_EQ(client.wire.frame(), (server_frame{10, "still there?"}));
    const std::string rest = continuation_frame("ments", true);
    client.wire.send(rest.substr(0, 3));
    client.wire.send(rest.substr(3));
    EXPECT_EQ(client.wire.frame(), text_of("4fragments"));
}

TEST(WebSocket, FramesRightBehindTheRequestAreNotLost) {
    engine_world world;
    raw_client c(world.port());
    c.send("GET " + std::string(websocket_path) +
           " HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n" +
           text_frame("4early"));
    EXPECT_EQ(c.response().status, 101U);
    sid_of(c.frame().payload);
    EXPECT_EQ(c.frame(), text_of("4early"));
}

TEST(WebSocket, ClosePacketAsTextIsIgnored) {
    engine_world world;
    websocket_client client(world.port());
    client.wire.text("1");
    client.wire.text("4on");
    EXPECT_EQ(client.wire.frame(), text_of("4on"));
}

TEST(WebSocket, MessageOverTheLimitClosesWith1009) {
    engine_world world({.max_payload = 1000});
    websocket_client client(world.port());
    client.wire.text("4" + std::string(999, 'x'));
    EXPECT_EQ(client.wire.frame().payload.size(), 1000U);
    client.wire.text("4" + std::string(1000, 'x'));
    EXPECT_EQ(client.wire.frame(), close_of(1009));
    EXPECT_TRUE(world.seen().wait_for(client.sid + " close transport_error"));
}

TEST(WebSocket, PongWaitsForTheEndOfAFrameThatWasBegun) {
    engine_world world({.send_queue_bytes = 64U << 20});
    websocket_client client(world.port(), 4096);
    const std::string large(16U << 20, 'x');
    world.tell(client.sid, large);
    client.wire.send(control_frame(9, "p"));
    world.tell(client.sid, "behind");
    std::vector<server_frame> frames;
    for (int n = 0; n < 3; ++n)
        frames.push_back(client.wire.frame());
    EXPECT_TRUE(frames[0] == text_of("4" + large));
    EXPECT_NE(std::find(frames.begin(), frames.end(), server_frame{10, "p"}), frames.end());
    EXPECT_NE(std::find(frames.begin(), frames.end(), text_of("4behind")), frames.end());
}

TEST(WebSocket, ManyMessagesOfOneTickArriveInOrder) {
    engine_world world({.send_queue_bytes = 64U << 20});
    websocket_client client(world.port(), 4096);
    constexpr int count = 3000;
    const auto nth = [](int n) { return std::to_string(n) + std::string(n % 700, '.'); };
    world.with_session(client.sid, [&](server::engine& e, slot_handle h) {
        for (int n = 0; n < count; ++n)
            e.send(h, server::wire_ref(server::wire_bytes::message(nth(n))));
    });
    for (int n = 0; n < count; ++n)
        ASSERT_EQ(client.wire.frame(), text_of("4" + nth(n)));
}

TEST(WebSocket, RefusedHandshakeGetsTheApplicationsAnswerAndTheEnd) {
    engine_world world;
    world.on_each([](server::engine&, echo_application& a) { a.refuses = true; });
    raw_client c(world.port());
    const auto r = c.upgrade(websocket_path);
    EXPECT_EQ(r.status, 401U);
    EXPECT_EQ(r.body, R"({"code":4,"message":"Unauthorized"})");
    EXPECT_TRUE(c.at_end());
}

struct upgrade_refusal {
    const char* name;
    const char* target;
    const char* body;
};
class UpgradeRefusal : public testing::TestWithParam<upgrade_refusal> {};

TEST_P(UpgradeRefusal, IsTheBareMessageAndTheEnd) {
    engine_world world;
    raw_client c(world.port());
    const auto r = c.upgrade(GetParam().target);
    EXPECT_EQ(r.status, 400U);
    EXPECT_EQ(r.get("Connection"), "close");
    EXPECT_EQ(r.get("Content-Type"), "text/html");
    EXPECT_EQ(r.body, GetParam().body);
    EXPECT_TRUE(c.at_end());
}

INSTANTIATE_TEST_SUITE_P(
    All, UpgradeRefusal,
    testing::Values(upgrade_refusal{"no_transport", "/ws/?EIO=4", "Transport unknown"},
                    upgrade_refusal{"unknown_sid",
                                    "/ws/?EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAAAAAAA",
                                    "Session ID unknown"},
                    upgrade_refusal{"sid_that_is_none", "/ws/?EIO=4&transport=websocket&sid=x",
                                    "Session ID unknown"},
                    upgrade_refusal{"old_version", "/ws/?EIO=3&transport=websocket",
                                    "Unsupported protocol version"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(WebSocket, FaultyUpgradeHeadersAreNamed) {
    engine_world world;
    const auto refused = [&](const char* upgrade, const char* version, const char* key) {
        const auto r = raw_client(world.port())
                           .request("GET", websocket_path, {},
                                    {{"Connection", "Upgrade"},
                                     {"Upgrade", upgrade},
                                     {"Sec-WebSocket-Version", version},
                                     {"Sec-WebSocket-Key", key}});
        EXPECT_EQ(r.status, 400U);
        return r.body;
    };
    const char* key = "AQIDBAUGBwgJCgsMDQ4PEA==";
    EXPECT_EQ(refused("h2c", "13", key), "Invalid Upgrade header");
    EXPECT_EQ(refused("websocket", "12", key), "Missing or invalid Sec-WebSocket-Version header");
    EXPECT_EQ(refused("websocket", "13", "short"), "Missing or invalid Sec-WebSocket-Key header");
    EXPECT_EQ(world.session_count(), 0U);
}

}  // namespace
}  // namespace chat_gateway::tests
