#include "engine_world.hpp"

#include <gtest/gtest.h>

#include <set>

/// Four engines behind one port, or one AF_UNIX path: a session's requests come in on any of the
/// loops.
namespace chat_gateway::tests {
namespace {

class Loops : public testing::TestWithParam<bool> {
protected:
    static world_options four_loops() { return {.loops = 4, .unix_domain = GetParam()}; }
};

INSTANTIATE_TEST_SUITE_P(Listener, Loops, testing::Values(false, true),
                         [](const auto& unix_domain) {
                             return unix_domain.param ? "Unix" : "Tcp";
                         });

constexpr int many = 40;

std::vector<polling_client> open_many(engine_world& world) {
    std::vector<polling_client> clients;
    std::set<unsigned> loops;
    for (int n = 0; n < many; ++n) {
        loops.insert(public_id::parse(clients.emplace_back(world.address()).sid).value().shard());
    }
    EXPECT_GT(loops.size(), 1U) << "the connections are not spread";
    return clients;
}

TEST_P(Loops, PollingIsForwardedToTheOwner) {
    engine_world world(four_loops());
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

TEST_P(Loops, UpgradesAreHandedToTheOwner) {
    engine_world world(four_loops());
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

TEST_P(Loops, HandOffTakesAlongWhatWasReadAlready) {
    engine_world world(four_loops());
    for (const auto& c : open_many(world)) {
        raw_client ws(world.address());
        ws.send("GET " + (websocket_path + ("&sid=" + c.sid)) +
                " HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n" +
                text_frame("5") + text_frame("4x"));
        EXPECT_EQ(ws.response().status, 101U);
        EXPECT_EQ(ws.frame(), text_of("4x"));
    }
}

TEST_P(Loops, RefusedUpgradeIsToldByTheOwner) {
    engine_world world(four_loops());
    for (const auto& c : open_many(world)) {
        EXPECT_EQ(c.post("1").body, "ok");
        raw_client late(world.address());
        EXPECT_EQ(late.upgrade(websocket_path + ("&sid=" + c.sid)).body, "Session ID unknown");
        EXPECT_TRUE(late.at_end());
    }
}

TEST_P(Loops, SecondWebSocketIsClosedByTheOwner) {
    engine_world world(four_loops());
    for (const auto& c : open_many(world)) {
        const auto ws = c.upgrade();
        EXPECT_EQ(c.upgrade().frame(), empty_close());
    }
}

TEST_P(Loops, OneConnectionServesSessionsOfAllLoops) {
    engine_world world(four_loops());
    const auto clients = open_many(world);
    raw_client kept(world.address());
    for (const auto& c : clients) {
        EXPECT_EQ(kept.request("POST", c.target(), "4hello " + c.sid).body, "ok");
        EXPECT_EQ(kept.request("GET", c.target()).body, "4hello " + c.sid);
    }
}

TEST_P(Loops, WhatTheSocketDoesNotTakeLeavesWhenItDoes) {
    world_options options = four_loops();
    options.send_queue_bytes = 8U << 20;
    engine_world world(options);
    const std::string large(4U << 20, 'x');  // more than the buffers of either family
    for (int n = 0; n < 4; ++n) {
        websocket_client c(world.address());
        world.tell(c.sid, large);
        world.tell(c.sid, "behind it");
        EXPECT_EQ(c.wire.frame(), text_of('4' + large));
        EXPECT_EQ(c.wire.frame(), text_of("4behind it"));
    }
}

TEST_P(Loops, DroppedGetClosesTheSessionAlsoWhenForwarded) {
    engine_world world(four_loops());
    const auto clients = open_many(world);
    for (const auto& c : clients)
        c.begin_get().close();
    for (const auto& c : clients)
        EXPECT_TRUE(world.seen().wait_for(c.sid + " close transport_lost")) << c.sid;
    EXPECT_EQ(world.session_count(), 0U);
}

TEST_P(Loops, ResetOfAGetClosesTheSessionAlsoWhenForwarded) {
    engine_world world(four_loops());
    const auto clients = open_many(world);
    for (const auto& c : clients)
        c.begin_get().reset();
    for (const auto& c : clients)
        EXPECT_TRUE(world.seen().wait_for(c.sid + " close transport_lost")) << c.sid;
}

TEST_P(Loops, ClientThatHasFinishedSendingIsAnsweredAlsoWhenForwarded) {
    engine_world world(four_loops());
    for (const auto& c : open_many(world)) {
        raw_client post(world.address());
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

TEST_P(Loops, CorsHeadersAreOnForwardedAnswers) {
    const http::cors_policy policy({"https://shop.example"});
    world_options options = four_loops();
    options.cors = &policy;
    engine_world world(options);
    const header_list origin{{"Origin", "https://shop.example"}};
    for (const auto& c : open_many(world)) {
        const auto r = raw_client(world.address()).request("POST", c.target(), "4x", origin);
        EXPECT_EQ(r.body, "ok");
        EXPECT_EQ(r.get("Access-Control-Allow-Origin"), "https://shop.example");
    }
}

TEST_P(Loops, StopWithRequestsHeldForOtherLoops) {
    std::vector<raw_client> gets;
    {
        engine_world world(four_loops());
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
