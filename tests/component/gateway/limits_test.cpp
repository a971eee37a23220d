#include "gateway_world.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

/// Too many: of connections, handshakes, events. Over two shards, whose counts are one.
namespace chat_gateway::tests {
namespace {

using gateway::limit_options;
using gateway::metric;

class Limits : public testing::Test {
protected:
    void start(const gateway_options& o) {
        world = std::make_unique<gateway_world>(o);
        ann = world->log_in("ann");
        bob = world->log_in("bob");
    }
    static header_list from(header_list session, const std::string& address) {
        session.emplace_back("X-Forwarded-For", address);
        return session;
    }
    std::unique_ptr<page> open(const header_list& headers) {
        auto p = std::make_unique<page>(*world, headers);
        p->connected();
        return p;
    }
    /// Both ways in.
    void expect_refused(const header_list& headers, unsigned status, const std::string& body,
                        metric counted) {
        const auto before = world->count(counted);
        std::vector<raw_response> answers;
        answers.push_back(raw_client(world->port()).request("GET", polling_path, {}, headers));
        answers.push_back(raw_client(world->port()).upgrade(websocket_path, headers));
        for (const auto& r : answers) {
            EXPECT_EQ(r.status, status);
            EXPECT_EQ(r.body, body);
            EXPECT_NE(r.get("Retry-After"), "");
        }
        EXPECT_EQ(world->count(counted), before + 2);
    }
    void expect_too_many(const header_list& headers, metric counted) {
        expect_refused(headers, 429, R"({"code":4,"message":"Too many requests"})", counted);
    }
    /// A place is free as soon as its session is gone, which the client is not told of.
    void expect_room_for(const header_list& headers) {
        EXPECT_TRUE(eventually([&] {
            return raw_client(world->port()).request("GET", polling_path, {}, headers).status ==
                   200;
        }));
    }

    std::unique_ptr<gateway_world> world;
    header_list ann;
    header_list bob;
};

TEST_F(Limits, OfAllConnections) {
    start({.limits = {.connections = 2}});
    auto first = open(ann);
    const auto second = open(bob);
    expect_refused(ann, 503, R"({"code":5,"message":"Service unavailable"})",
                   metric::handshakes_connections);
    EXPECT_EQ(world->count(metric::sessions_open), 2U);
    first.reset();
    expect_room_for(ann);
}

TEST_F(Limits, AreKeptBeforeAnyStoreIsAsked) {
    start({.limits = {.connections = 1}});
    const auto first = open(ann);
    expect_refused({}, 503, R"({"code":5,"message":"Service unavailable"})",
                   metric::handshakes_connections);
    EXPECT_EQ(world->count(metric::handshakes_no_cookie), 0U);
}

TEST_F(Limits, OfConnectionsFromAnAddress) {
    start({.limits = {.connections_per_address = 2}});
    auto first = open(from(ann, "192.0.2.1"));
    const auto second = open(from(bob, "192.0.2.1"));
    expect_too_many(from(ann, "192.0.2.1"), metric::handshakes_connections_per_address);
    const auto other = open(from(ann, "192.0.2.2"));
    first.reset();
    expect_room_for(from(ann, "192.0.2.1"));
}

TEST_F(Limits, CountAnIPv6NetworkAsOneAddress) {
    start({.limits = {.connections_per_address = 1}});
    const auto first = open(from(ann, "2001:db8:0:1::1"));
    expect_too_many(from(ann, "2001:db8:0:1::2"), metric::handshakes_connections_per_address);
    const auto other = open(from(ann, "2001:db8:0:2::1"));
}

TEST_F(Limits, OfConnectionsOfAUser) {
    start({.limits = {.connections_per_user = 2}});
    auto first = open(from(ann, "192.0.2.1"));
    const auto second = open(from(ann, "192.0.2.2"));
    expect_too_many(ann, metric::handshakes_connections_per_user);
    const auto other = open(bob);
    first.reset();
    expect_room_for(ann);
}

TEST_F(Limits, OfHandshakesFromAnAddress) {
    start({.limits = {.handshakes_per_address_per_s = 1}});
    for (int n = 0; n < 2; ++n) {
        EXPECT_EQ(raw_client(world->port())
                      .request("GET", polling_path, {}, from({}, "192.0.2.1"))
                      .status,
                  401U);
    }
    expect_too_many(from(ann, "192.0.2.1"), metric::handshakes_per_address);
    const auto other = open(from(ann, "192.0.2.2"));
}

TEST_F(Limits, ARefusedSessionTakesNoPlace) {
    start({.limits = {.connections = 1, .connections_per_address = 1}});
    for (int n = 0; n < 5; ++n)
        EXPECT_EQ(raw_client(world->port()).request("GET", polling_path).status, 401U);
    const auto first = open(ann);
}

TEST_F(Limits, AHandshakeUnderWayTakesAPlace) {
    start({.limits = {.connections_per_user = 1}});
    world->with_stores([](gateway_world::stores& s) { s.directory.holds_lists = true; });
    page waiting(*world, ann);
    EXPECT_TRUE(world->reaches(metric::handshakes_under_way, 1));
    expect_too_many(ann, metric::handshakes_connections_per_user);
}

TEST_F(Limits, OfEventsDropWhatIsMore) {
    start({.events_per_socket_per_s = 2});
    const auto p = open(ann);
    for (int n = 0; n < 4; ++n) {
        p->ask("clientLeaveRoom", "c", std::to_string(n));
        EXPECT_EQ(p->wire.frame().payload, "43" + std::to_string(n) + "[]");
    }
    EXPECT_EQ(world->count(metric::events_over_rate), 0U);
    p->ask("clientLeaveRoom", "c", "4");
    EXPECT_TRUE(world->reaches(metric::events_over_rate, 1));
    EXPECT_TRUE(p->hears_nothing());
}

TEST_F(Limits, OfEventsDisconnectWhoGoesOn) {
    start({.events_per_socket_per_s = 1});
    const auto p = open(ann);
    const auto other = open(bob);
    for (int n = 0; n < 60; ++n)
        p->ask("clientLeaveRoom", "c");
    EXPECT_EQ(p->wire.frame().payload, "41");
    EXPECT_EQ(p->wire.frame(), empty_close());
    EXPECT_EQ(world->count(metric::sent_away_events), 1U);
    EXPECT_TRUE(other->hears_nothing());
}

}  // namespace
}  // namespace chat_gateway::tests
