#include "engine_world.hpp"

#include <gtest/gtest.h>

#include <set>

/// Four engines behind one port: a session's requests come in on any of the loops.
namespace chat_gateway::tests {
namespace {

constexpr int many = 40;

std::vector<polling_client> open_many(engine_world& world) {
    std::vector<polling_client> clients;
    std::set<unsigned> loops;
    for (int n = 0; n < many; ++n) {
        loops.insert(public_id::parse(clients.emplace_back(world.port()).sid).value().shard());
    }
    EXPECT_GT(loops.size(), 1U) << "the kernel did not spread the connections";
    return clients;
}

TEST(Loops, PollingIsForwardedToTheOwner) {
    engine_world world({.loops = 4});
    const auto clients = open_many(world);
    std::vector<raw_client> gets;
    for (const auto& c : clients)
        gets.push_back(c.begin_get());
    for (const auto& c : clients)
        EXPECT_EQ(c.post("4hello " + c.sid).body, "ok");
    for (std::size_t n = 0; n < clients.size(); ++n) {
        EXPECT_EQ(gets[n].response().body, "4hello " + clients[n].sid);
        world.tell(clients[n].sid, "later");
        EXPECT_EQ(clients[n].get().body, "4later");
    }
    for (const auto& c : clients) {
        EXPECT_EQ(c.post("1").body, "ok");
        EXPECT_TRUE(world.seen().wait_for(c.sid + " close client_close"));
        EXPECT_EQ(c.get().body, R"({"code":1,"message":"Session ID unknown"})");
    }
    EXPECT_EQ(world.session_count(), 0U);
}

TEST(Loops, UpgradesAreHandedToTheOwner) {
    engine_world world({.loops = 4});
    const auto clients = open_many(world);
    std::vector<raw_client> sockets;
    for (const auto& c : clients) {
        world.tell(c.sid, "queued");
        auto& ws = sockets.emplace_back(c.upgrade());
        ws.text("2probe");
        EXPECT_EQ(ws.frame(), text_of("3probe"));
        ws.text("5");
        EXPECT_EQ(ws.frame(), text_of("4queued"));
    }
    for (std::size_t n = 0; n < clients.size(); ++n) {
        sockets[n].text("4mine " + clients[n].sid);
        EXPECT_EQ(sockets[n].frame(), text_of("4mine " + clients[n].sid));
    }
}

TEST(Loops, HandOffTakesAlongWhatWasReadAlready) {
    engine_world world({.loops = 4});
    for (const auto& c : open_many(world)) {
        raw_client ws(world.port());
        ws.send("GET " + (websocket_path + ("&sid=" + c.sid)) +
                " HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n" +
                text_frame("5") + text_frame("4x"));
        EXPECT_EQ(ws.response().status, 101U);
        EXPECT_EQ(ws.frame(), text_of("4x"));
    }
}

TEST(Loops, RefusedUpgradeIsToldByTheOwner) {
    engine_world world({.loops = 4});
    for (const auto& c : open_many(world)) {
        const auto ws = c.upgrade();
        raw_client second(world.port());
        EXPECT_EQ(second.upgrade(websocket_path + ("&sid=" + c.sid)).body, "Bad request");
        EXPECT_TRUE(second.at_end());
    }
}

TEST(Loops, DroppedGetClosesTheSessionAlsoWhenForwarded) {
    engine_world world({.loops = 4});
    const auto clients = open_many(world);
    for (const auto& c : clients)
        c.begin_get().close();
    for (const auto& c : clients)
        EXPECT_TRUE(world.seen().wait_for(c.sid + " close transport_lost")) << c.sid;
    EXPECT_EQ(world.session_count(), 0U);
}

TEST(Loops, ClientThatHasFinishedSendingIsAnsweredAlsoWhenForwarded) {
    engine_world world({.loops = 4});
    for (const auto& c : open_many(world)) {
        raw_client post(world.port());
        post.send_request("POST", c.target(), "4x");
        post.finish_sending();
        EXPECT_EQ(post.response().body, "ok");
        EXPECT_TRUE(post.at_end());
        // To a poll that is held it is a lost client: no other end of a connection looks different.
        EXPECT_EQ(c.get().body, "4x");
        auto get = c.begin_get();
        get.finish_sending();
        EXPECT_TRUE(world.seen().wait_for(c.sid + " close transport_lost"));
    }
}

TEST(Loops, CorsHeadersAreOnForwardedAnswers) {
    const http::cors_policy policy({"https://shop.example"});
    engine_world world({.loops = 4, .cors = &policy});
    const header_list origin{{"Origin", "https://shop.example"}};
    for (const auto& c : open_many(world)) {
        const auto r = raw_client(world.port()).request("POST", c.target(), "4x", origin);
        EXPECT_EQ(r.body, "ok");
        EXPECT_EQ(r.get("Access-Control-Allow-Origin"), "https://shop.example");
    }
}

TEST(Loops, StopWithRequestsHeldForOtherLoops) {
    std::vector<raw_client> gets;
    {
        engine_world world({.loops = 4});
        for (const auto& c : open_many(world)) {
            gets.push_back(c.begin_get());
            gets.push_back(c.upgrade());
        }
    }
    for (auto& c : gets)
        c.drain();
}

}  // namespace
}  // namespace chat_gateway::tests
