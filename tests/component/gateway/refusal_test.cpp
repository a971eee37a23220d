#include "gateway_world.hpp"

#include <gtest/gtest.h>

#include <deque>

/// session.reject connect_error: whose session gives no right to be here is let in as far as
/// CONNECT, and no further.
namespace chat_gateway::tests {
namespace {

using namespace std::chrono_literals;
using gateway::metric;
using stores = gateway_world::stores;

constexpr std::string_view unauthorized = R"(44{"message":"Unauthorized"})";

gateway_options at_connect() {
    return {.refuse_at_connect = true};
}

TEST(RefusalAtConnect, IsTheAnswerToConnectOnAWebSocket) {
    gateway_world world(at_connect());
    page stranger(world, {});
    EXPECT_EQ(stranger.wire.frame().payload, unauthorized);
    EXPECT_EQ(world.count(metric::handshakes_no_cookie), 1U);
    EXPECT_EQ(world.count(metric::handshakes_accepted), 0U);
    EXPECT_EQ(world.count(metric::connects_refused), 1U);
    EXPECT_EQ(world.count(metric::refused_sessions_open), 1U);
    EXPECT_EQ(world.count(metric::sockets_connected), 0U);
    stranger.wire.text("40");
    EXPECT_EQ(stranger.wire.frame().payload, unauthorized);
}

TEST(RefusalAtConnect, IsTheAnswerToConnectByPolling) {
    gateway_world world(at_connect());
    polling_client stranger(world.port());
    EXPECT_EQ(stranger.post("40").body, "ok");
    EXPECT_EQ(stranger.get().body, unauthorized);
    EXPECT_EQ(world.count(metric::refused_sessions_open), 1U);
}

TEST(RefusalAtConnect, TellsWhateverIsWrongTheSame) {
    gateway_world world(at_connect());
    const auto ann = world.log_in("ann");
    const auto expect = [&](const header_list& headers, metric counted) {
        page p(world, headers);
        EXPECT_EQ(p.wire.frame().payload, unauthorized);
        EXPECT_EQ(world.count(counted), 1U);
    };
    const auto forged = chat::sign_session_cookie("session-of-ann", "guessed");
    expect(gateway_world::cookie(forged), metric::handshakes_bad_signature);
    const auto gone = chat::sign_session_cookie("gone", "secret");
    expect(gateway_world::cookie(gone), metric::handshakes_no_session);
    world.with_stores([](stores& s) { s.chats.set_active_users({"bob"}); });
    expect(ann, metric::handshakes_inactive_user);
}

TEST(RefusalAtConnect, IsNotForStoresThatCannotSay) {
    gateway_world world(at_connect());
    const auto ann = world.log_in("ann");
    world.with_stores([](stores& s) { s.sessions.set_available(false); });
    EXPECT_EQ(raw_client(world.port()).request("GET", polling_path, {}, ann).status, 503U);
    EXPECT_EQ(raw_client(world.port()).upgrade(websocket_path, ann).status, 503U);
    EXPECT_EQ(world.count(metric::sessions_open), 0U);
}

TEST(RefusalAtConnect, SeesNothing) {
    auto options = at_connect();
    options.recheck = 50ms;
    gateway_world world(options);
    page ann(world, world.log_in("ann", {"chat"}));
    ann.connected();
    page silent(world, {});
    EXPECT_EQ(silent.wire.frame().payload, unauthorized);
    world.publish("to the chat", {"chat"});
    world.publish("to all", {});
    EXPECT_EQ(ann.wire.frame().payload, R"(42["to the chat"])");
    EXPECT_EQ(ann.wire.frame().payload, R"(42["to all"])");
    EXPECT_TRUE(silent.hears_nothing());
    EXPECT_EQ(world.sockets_of("").size(), 0U);
    EXPECT_EQ(world.rooms_of_hub(), 2U) << "ann's own and the chat's";
}

TEST(RefusalAtConnect, ClosesOnAnythingButConnect) {
    gateway_world world(at_connect());
    page stranger(world, {});
    EXPECT_EQ(stranger.wire.frame().payload, unauthorized);
    stranger.ask("clientJoinRoom", "chat", "1");
    EXPECT_EQ(stranger.wire.frame(), empty_close());
    EXPECT_TRUE(world.reaches(metric::refused_sessions_open, 0));
    EXPECT_EQ(world.count(metric::events_join), 0U);
    EXPECT_EQ(world.count(metric::closed_parse_error), 1U);
}

TEST(RefusalAtConnect, EndsWithTheConnectTimeout) {
    auto options = at_connect();
    options.connect_timeout = 500ms;
    gateway_world world(options);
    page stranger(world, {});
    EXPECT_EQ(stranger.wire.frame().payload, unauthorized);
    EXPECT_EQ(stranger.wire.frame(), empty_close());
    EXPECT_TRUE(world.reaches(metric::closed_connect_timeout, 1));
    EXPECT_EQ(world.count(metric::sessions_open), 0U);
    EXPECT_EQ(world.count(metric::websocket_sessions_open), 0U);
}

TEST(RefusalAtConnect, TakesAPlaceAmongTheConnections) {
    auto options = at_connect();
    options.limits = {.connections_per_address = 1};
    gateway_world world(options);
    {
        page stranger(world, {});
        EXPECT_EQ(stranger.wire.frame().payload, unauthorized);
        EXPECT_EQ(raw_client(world.port()).request("GET", polling_path).status, 429U);
    }
    EXPECT_TRUE(eventually(
        [&] { return raw_client(world.port()).request("GET", polling_path).status == 200; }));
}

TEST(RefusalAtConnect, AboveItsBoundIsByHttp) {
    auto options = at_connect();
    options.shards = 1;
    gateway_world world(options);
    raw_client many(world.port());
    for (int n = 0; n < 1000; ++n)
        ASSERT_EQ(many.request("GET", polling_path).status, 200U);
    EXPECT_EQ(many.request("GET", polling_path).status, 401U);
    EXPECT_EQ(world.count(metric::refused_sessions_open), 1000U);
    page(world, world.log_in("ann")).connected();
}

TEST(RefusalAtConnect, EndsWithTheDrain) {
    gateway_world world(at_connect());
    page stranger(world, {});
    EXPECT_EQ(stranger.wire.frame().payload, unauthorized);
    world.on_each([](gateway::shard& s) {
        s.begin_drain();
        (void)s.close_some(10);
    });
    EXPECT_EQ(stranger.wire.frame(), empty_close());
    EXPECT_TRUE(world.reaches(metric::sessions_open, 0));
}

}  // namespace
}  // namespace chat_gateway::tests
