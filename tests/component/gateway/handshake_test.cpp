#include "gateway_world.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

/// Who gets in. Whatever is wrong with a session, the client is told the same bytes.
namespace chat_gateway::tests {
namespace {

using gateway::metric;
using stores = gateway_world::stores;

class Handshake : public testing::Test {
protected:
    std::vector<raw_response> both_ways(const header_list& headers) {
        std::vector<raw_response> answers;
        answers.push_back(raw_client(world.port()).request("GET", polling_path, {}, headers));
        answers.push_back(raw_client(world.port()).upgrade(websocket_path, headers));
        return answers;
    }
    void expect_unauthorized(const header_list& headers, metric counted) {
        for (const auto& r : both_ways(headers)) {
            EXPECT_EQ(r.status, 401U);
            EXPECT_EQ(r.get("Content-Type"), "application/json");
            EXPECT_EQ(r.body, R"({"code":4,"message":"Unauthorized"})");
        }
        EXPECT_EQ(world.count(counted), 2U);
        EXPECT_EQ(world.count(metric::sessions_open), 0U);
    }
    void expect_unavailable(const header_list& headers) {
        for (const auto& r : both_ways(headers)) {
            EXPECT_EQ(r.status, 503U);
            EXPECT_EQ(r.get("Retry-After"), "5");
            EXPECT_EQ(r.body, R"({"code":5,"message":"Service unavailable"})");
        }
        EXPECT_EQ(world.count(metric::handshakes_unavailable), 2U);
    }
    header_list session_with(const std::string& record) {
        world.with_stores([&](stores& s) { s.sessions.put("odd", record); });
        return gateway_world::cookie(chat::sign_session_cookie("odd", "secret"));
    }

    gateway_world world;
};

TEST_F(Handshake, WithoutACookie) {
    expect_unauthorized({}, metric::handshakes_no_cookie);
}

TEST_F(Handshake, WithAForgedSignature) {
    world.log_in("ann");
    expect_unauthorized(
        gateway_world::cookie(chat::sign_session_cookie("session-of-ann", "guessed")),
        metric::handshakes_bad_signature);
}

TEST_F(Handshake, WithoutASession) {
    expect_unauthorized(gateway_world::cookie(chat::sign_session_cookie("gone", "secret")),
                        metric::handshakes_no_session);
}

TEST_F(Handshake, WithARecordThatIsNone) {
    expect_unauthorized(session_with("not JSON"), metric::handshakes_bad_record);
}

TEST_F(Handshake, WithNobodyLoggedIn) {
    expect_unauthorized(session_with(R"({"cookie":{}})"), metric::handshakes_not_logged_in);
}

TEST_F(Handshake, OfAnInactiveUser) {
    const auto session = world.log_in("ann");
    world.with_stores([](stores& s) { s.chats.set_active_users({"bob"}); });
    expect_unauthorized(session, metric::handshakes_inactive_user);
}

TEST_F(Handshake, OfAnActiveUser) {
    const auto session = world.log_in("ann");
    world.with_stores([](stores& s) { s.chats.set_active_users({"ann"}); });
    page(world, session).connected();
}

TEST_F(Handshake, WhileTheSessionStoreIsDown) {
    const auto session = world.log_in("ann");
    world.with_stores([](stores& s) { s.sessions.set_available(false); });
    expect_unavailable(session);
}

TEST_F(Handshake, WhileTheDatabaseIsDown) {
    const auto session = world.log_in("ann");
    world.with_stores([](stores& s) {
        s.chats.set_active_users({"ann"});
        s.chats.set_available(false);
    });
    expect_unavailable(session);
}

TEST_F(Handshake, FindsTheCookieInSeveralHeadersAndPercentEncoded) {
    auto session = world.log_in("ann");
    std::string& value = session.front().second;
    value.replace(value.find("s:"), 2, "s%3A");
    session.insert(session.begin(), {"Cookie", "first=1"});
    page(world, session).connected();
}

TEST_F(Handshake, OfAClientThatDidNotWaitOpensNothing) {
    const auto session = world.log_in("ann");
    for (int n = 0; n < 10; ++n)
        raw_client(world.port()).send_request("GET", polling_path, {}, session);
    for (int n = 0; n < 10; ++n)
        raw_client(world.port()).send_upgrade(websocket_path, session);
    page(world, session).connected();
    // A polling session whose answer found nobody lives until its ping timeout; a WebSocket does
    // not.
    EXPECT_TRUE(world.reaches(metric::websocket_sessions_open, 0));
}

TEST_F(Handshake, IsOnlyAtItsPath) {
    const auto session = world.log_in("ann");
    raw_client c(world.port());
    for (const char* path : {"/ws?EIO=4&transport=polling", "/ws/below?EIO=4&transport=polling"})
        EXPECT_EQ(c.request("GET", path, {}, session).status, 200U) << path;
    for (const char* path : {"/", "/wsx/?EIO=4&transport=polling", "/w"}) {
        const auto r = c.request("GET", path, {}, session);
        EXPECT_EQ(r.status, 404U) << path;
        EXPECT_EQ(r.body, "Not Found\n") << path;
    }
}

/// More come than the stores can serve. One shard, as each has bounds of its own.
class HandshakeStorm : public testing::Test {
protected:
    void start(gateway::handshake_bounds bounds) {
        world = std::make_unique<gateway_world>(gateway_options{.handshakes = bounds, .shards = 1});
        ann = world->log_in("ann", {"c"});
        hold_lists();
    }
    void hold_lists() {
        world->with_stores([](stores& s) { s.directory.holds_lists = true; });
    }
    void answer_lists() {
        world->with_stores([](stores& s) {
            s.directory.holds_lists = false;
            for (auto& answer : std::exchange(s.directory.lists, {}))
                answer();
        });
    }
    /// A page whose handshake waits for its chat list.
    std::unique_ptr<page> waiting() {
        auto p = std::make_unique<page>(*world, ann);
        EXPECT_TRUE(world->reaches(metric::handshakes_under_way, ++under_way));
        return p;
    }
    void expect_put_off() {
        std::vector<raw_response> answers;
        answers.push_back(raw_client(world->port()).request("GET", polling_path, {}, ann));
        answers.push_back(raw_client(world->port()).upgrade(websocket_path, ann));
        for (const auto& r : answers) {
            EXPECT_EQ(r.status, 503U);
            EXPECT_EQ(r.get("Retry-After"), "5");
            EXPECT_EQ(r.body, R"({"code":5,"message":"Service unavailable"})");
        }
    }

    std::unique_ptr<gateway_world> world;
    header_list ann;
    std::uint64_t under_way = 0;
};

TEST_F(HandshakeStorm, AboveTheBoundIsPutOffAtOnce) {
    start({.most = 2});
    const auto first = waiting();
    const auto second = waiting();
    expect_put_off();
    EXPECT_EQ(world->count(metric::handshakes_too_many), 2U);
    EXPECT_EQ(world->count(metric::sessions_open), 2U);
    answer_lists();
    first->connected();
    second->connected();
    EXPECT_TRUE(world->reaches(metric::handshakes_under_way, 0));
    page(*world, ann).connected();
}

TEST_F(HandshakeStorm, BehindOneThatWaitsForLongIsPutOffAtOnce) {
    start({.most = 100, .crowd = 2, .patience = std::chrono::milliseconds(0)});
    const auto first = waiting();
    const auto second = waiting();
    expect_put_off();
    EXPECT_EQ(world->count(metric::handshakes_too_slow), 2U);
    answer_lists();
    first->connected();
    second->connected();
}

TEST_F(HandshakeStorm, AClientThatGoesMakesRoom) {
    start({.most = 1});
    waiting().reset();
    EXPECT_TRUE(world->reaches(metric::handshakes_under_way, 0));
    answer_lists();
    page(*world, ann).connected();
}

TEST_F(HandshakeStorm, ARefusalMakesRoom) {
    start({.most = 1});
    for (int n = 0; n < 3; ++n)
        EXPECT_EQ(raw_client(world->port()).request("GET", polling_path).status, 401U);
    EXPECT_EQ(world->count(metric::handshakes_under_way), 0U);
}

TEST_F(HandshakeStorm, LeavesLiveSocketsAlone) {
    start({.most = 1});
    answer_lists();
    page live(*world, ann);
    live.connected();
    hold_lists();
    const auto first = waiting();
    expect_put_off();
    world->publish("news", {"c"});
    EXPECT_EQ(live.wire.frame().payload, "42[\"news\"]");
}

}  // namespace
}  // namespace chat_gateway::tests
