#include "engine_world.hpp"

#include <gtest/gtest.h>

namespace chat_gateway::tests {
namespace {

using std::chrono::milliseconds;

TEST(Upgrade, QueuedMessagesFollowInOrderAndOnce) {
    engine_world world;
    const polling_client client(world.port());
    auto ws = client.upgrade();
    ws.text("2probe");
    EXPECT_EQ(ws.frame(), text_of("3probe"));
    world.tell(client.sid, "one");
    world.tell(client.sid, "two");
    ws.text("5");
    ASSERT_TRUE(world.seen().wait_for(client.sid + " upgrade"));
    world.tell(client.sid, "three");
    ws.text("4four");
    for (const char* expected : {"4one", "4two", "4three", "4four"})
        EXPECT_EQ(ws.frame(), text_of(expected));
    EXPECT_EQ(client.get().body, R"({"code":3,"message":"Bad request"})");
    EXPECT_EQ(client.post("4late").body, R"({"code":3,"message":"Bad request"})");
}

TEST(Upgrade, HeldGetIsReleasedWithANoop) {
    engine_world world;
    const polling_client client(world.port());
    auto get = client.begin_get();
    auto ws = client.upgrade();
    ws.text("2probe");
    EXPECT_EQ(ws.frame(), text_of("3probe"));
    EXPECT_EQ(get.response().body, "6");
    ws.text("5");
    ws.text("4x");
    EXPECT_EQ(ws.frame(), text_of("4x"));
}

TEST(Upgrade, GetAfterTheProbeIsReleasedSoonAndMayCarryMessages) {
    engine_world world;
    const polling_client client(world.port());
    auto ws = client.upgrade();
    ws.text("2probe");
    EXPECT_EQ(ws.frame(), text_of("3probe"));
    EXPECT_EQ(client.get().body, "6");
    world.tell(client.sid, "by poll");
    EXPECT_EQ(client.get().body, "4by poll");
    ws.text("5");
    world.tell(client.sid, "by socket");
    EXPECT_EQ(ws.frame(), text_of("4by socket"));
}

TEST(Upgrade, WorksWithoutAProbe) {
    engine_world world;
    const polling_client client(world.port());
    auto ws = client.upgrade();
    ws.text("5");
    ws.text("4x");
    EXPECT_EQ(ws.frame(), text_of("4x"));
}

TEST(Upgrade, AnythingButAProbeEndsTheAttemptAndPollingGoesOn) {
    engine_world world;
    const polling_client client(world.port());
    for (const char* first : {"4message", "2", "garbage"}) {
        auto ws = client.upgrade();
        ws.text(first);
        EXPECT_EQ(ws.frame(), empty_close()) << first;
    }
    EXPECT_EQ(client.post("4still polling").body, "ok");
    EXPECT_EQ(client.get().body, "4still polling");
}

TEST(Upgrade, LostOrClosedAttemptLeavesPollingAlone) {
    engine_world world;
    const polling_client client(world.port());
    {
        auto lost = client.upgrade();
        lost.text("2probe");
        EXPECT_EQ(lost.frame(), text_of("3probe"));
        lost.send(close_frame(1000));
        EXPECT_EQ(lost.frame(), close_of(1000));
        EXPECT_TRUE(lost.at_end());
    }
    {
        auto dropped = client.upgrade();
        dropped.text("2probe");
        EXPECT_EQ(dropped.frame(), text_of("3probe"));
    }
    EXPECT_EQ(client.post("4still polling").body, "ok");
    EXPECT_EQ(client.get().body, "4still polling");
    // The engine may not have seen the end of the dropped one yet: until then another is refused.
    EXPECT_TRUE(eventually([&] {
        raw_client again(world.port());
        if (again.upgrade(websocket_path + ("&sid=" + client.sid)).status != 101) return false;
        again.text("5");
        again.text("4up");
        return again.frame() == text_of("4up");
    }));
}

TEST(Upgrade, TakesNoLongerThanAllowed) {
    engine_world world({.session = {.upgrade_timeout = milliseconds(50)}});
    const polling_client client(world.port());
    auto ws = client.upgrade();
    ws.text("2probe");
    EXPECT_EQ(ws.frame(), text_of("3probe"));
    EXPECT_EQ(ws.frame(), empty_close());
    EXPECT_EQ(client.post("4still polling").body, "ok");
    EXPECT_EQ(client.get().body, "4still polling");
}

TEST(Upgrade, SecondWebSocketOfASessionIsOpenedAndClosed) {
    engine_world world;
    const polling_client client(world.port());
    auto ws = client.upgrade();
    const auto closed = [&] {
        auto second = client.upgrade();
        second.text("2probe");
        EXPECT_EQ(second.frame(), empty_close());
        second.send(close_frame(1000));
        EXPECT_TRUE(second.at_end());
    };
    closed();
    ws.text("5");
    ASSERT_TRUE(world.seen().wait_for(client.sid + " upgrade"));
    closed();
    ws.text("4untouched");
    EXPECT_EQ(ws.frame(), text_of("4untouched"));
}

TEST(Upgrade, WebSocketThatAsksForPollingIsOpenedAndClosed) {
    engine_world world;
    const polling_client client(world.port());
    for (const std::string& target : {std::string(polling_path), client.target()}) {
        raw_client ws(world.port());
        EXPECT_EQ(ws.upgrade(target).status, 101U);
        EXPECT_EQ(ws.frame(), empty_close());
    }
    raw_client stranger(world.port());
    const auto refused = stranger.upgrade(polling_path + std::string("&sid=unknown"));
    EXPECT_EQ(refused.status, 400U);
    EXPECT_EQ(refused.body, "Session ID unknown");
    EXPECT_EQ(client.post("4still polling").body, "ok");
    EXPECT_EQ(client.get().body, "4still polling");
    EXPECT_EQ(world.session_count(), 1U);
}

TEST(Upgrade, WebSocketWithoutAnUpgradeIsNoRequestForASession) {
    engine_world world;
    const polling_client client(world.port());
    const auto get = [&](const std::string& sid) {
        return raw_client(world.port()).request("GET", websocket_path + ("&sid=" + sid)).body;
    };
    EXPECT_EQ(get(client.sid), R"({"code":3,"message":"Bad request"})");
    EXPECT_EQ(get("unknown"), R"({"code":1,"message":"Session ID unknown"})");
}

TEST(Upgrade, RequestsOfAnotherVersionAreNotTheSessions) {
    engine_world world;
    const polling_client client(world.port());
    const std::string query = "&sid=" + client.sid;
    for (const std::string version : {"", "EIO=3&"}) {
        const auto polling = "/ws/?" + version + "transport=polling" + query;
        for (const char* method : {"GET", "POST"}) {
            EXPECT_EQ(raw_client(world.port()).request(method, polling, "4x").body,
                      R"({"code":3,"message":"Bad request"})");
        }
        raw_client c(world.port());
        EXPECT_EQ(c.upgrade("/ws/?" + version + "transport=websocket" + query).body, "Bad request");
        EXPECT_TRUE(c.at_end());
    }
    EXPECT_EQ(client.post("4alive").body, "ok");
    EXPECT_EQ(client.get().body, "4alive");
}

TEST(Upgrade, FramesRightBehindTheRequestAreNotLost) {
    engine_world world;
    const auto upgrade_and_say = [&](const std::string& frames) {
        const polling_client client(world.port());
        raw_client ws(world.port());
        ws.send("GET " + (websocket_path + ("&sid=" + client.sid)) +
                " HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n" +
                frames);
        EXPECT_EQ(ws.response().status, 101U);
        return std::pair(client.sid, std::move(ws));
    };
    auto [probing, probe] = upgrade_and_say(text_frame("2probe"));
    EXPECT_EQ(probe.frame(), text_of("3probe"));

    auto [ending, end] = upgrade_and_say(text_frame("5") + text_frame("9"));
    EXPECT_EQ(end.frame(), empty_close());
    EXPECT_TRUE(world.seen().wait_for(ending + " close parse_error"));
}

TEST(Upgrade, ClosingTheSessionClosesTheAttempt) {
    engine_world world;
    const polling_client client(world.port());
    auto ws = client.upgrade();
    ws.text("2probe");
    EXPECT_EQ(ws.frame(), text_of("3probe"));
    EXPECT_EQ(client.post("1").body, "ok");
    EXPECT_EQ(ws.frame(), empty_close());
    EXPECT_TRUE(world.seen().wait_for(client.sid + " close client_close"));
}

}  // namespace
}  // namespace chat_gateway::tests
