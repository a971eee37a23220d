#include "gateway_world.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace chat_gateway::tests
