#include <chat_gateway/engineio/session.hpp>

#include <gtest/gtest.h>

namespace chat_gateway::engineio {
namespace {

using namespace std::chrono_literals;

class SessionTest : public ::testing::Test {
protected:
    static time_point at(std::chrono::milliseconds t) { return time_point{} + 1h + t; }
    session open(transport via) const { return session(options, via, at(0ms)); }
    static packet text(packet_type type, std::string_view data = {}) { return {type, data, false}; }
    static step close(close_reason r) { return {act::close, r}; }

    const session_options options{
        .ping_interval = 25s, .ping_timeout = 20s, .upgrade_timeout = 10s, .connect_timeout = 45s};
    const step nothing{};
};

TEST_F(SessionTest, MessageIsDelivered) {
    auto s = open(transport::polling);
    EXPECT_EQ(s.on_packet(text(packet_type::message, "x"), at(0ms)), (step{act::deliver, {}}));
}

TEST_F(SessionTest, PingsAfterTheIntervalAndAgainAfterThePong) {
    auto s = open(transport::websocket);
    EXPECT_EQ(s.on_deadline(at(24999ms)), nothing);
    EXPECT_EQ(s.next_deadline(), at(25s));
    EXPECT_EQ(s.on_deadline(at(25s)), (step{act::send_ping, {}}));
    EXPECT_EQ(s.on_deadline(at(25s)), nothing);
    s.connected();
    EXPECT_EQ(s.next_deadline(), at(45s));
    EXPECT_EQ(s.on_packet(text(packet_type::pong), at(26s)), nothing);
    EXPECT_EQ(s.next_deadline(), at(51s));
    EXPECT_EQ(s.on_deadline(at(51s)), (step{act::send_ping, {}}));
}

TEST_F(SessionTest, MissingPongClosesWithPingTimeout) {
    auto s = open(transport::websocket);
    s.connected();
    EXPECT_EQ(s.on_deadline(at(25s)), (step{act::send_ping, {}}));
    EXPECT_EQ(s.on_deadline(at(44999ms)), nothing);
    EXPECT_EQ(s.on_deadline(at(45s)), close(close_reason::ping_timeout));
}

TEST_F(SessionTest, PongIsDueFromWhenThePingWasDueNotFromWhenItLeft) {
    auto s = open(transport::websocket);
    s.connected();
    EXPECT_EQ(s.on_deadline(at(25010ms)), (step{act::send_ping, {}}));
    EXPECT_EQ(s.next_deadline(), at(45s));
    EXPECT_EQ(s.on_deadline(at(44999ms)), nothing);
    EXPECT_EQ(s.on_deadline(at(45s)), close(close_reason::ping_timeout));
}

TEST_F(SessionTest, LoopThatStoodStillDoesNotShortenThePongsTime) {
    auto late = open(transport::websocket);
    late.connected();
    EXPECT_EQ(late.on_deadline(at(25100ms)), (step{act::send_ping, {}}));
    EXPECT_EQ(late.next_deadline(), at(45s));
    auto blocked = open(transport::websocket);
    blocked.connected();
    EXPECT_EQ(blocked.on_deadline(at(25101ms)), (step{act::send_ping, {}}));
    EXPECT_EQ(blocked.next_deadline(), at(45101ms));
}

TEST_F(SessionTest, PongUnaskedResetsTheTimer) {
    auto s = open(transport::websocket);
    s.connected();
    EXPECT_EQ(s.on_packet(text(packet_type::pong), at(20s)), nothing);
    EXPECT_EQ(s.next_deadline(), at(45s));
}

TEST_F(SessionTest, PingFromTheClientIsTheWrongDirection) {
    auto s = open(transport::polling);
    EXPECT_EQ(s.on_packet(text(packet_type::ping), at(0ms)), close(close_reason::parse_error));
}

TEST_F(SessionTest, CloseCountsOnPollingOnly) {
    auto polling = open(transport::polling);
    EXPECT_EQ(polling.on_packet(text(packet_type::close), at(0ms)),
              close(close_reason::client_close));
    auto socket = open(transport::websocket);
    EXPECT_EQ(socket.on_packet(text(packet_type::close), at(0ms)), nothing);
}

TEST_F(SessionTest, OpenUpgradeAndNoopAreIgnored) {
    auto s = open(transport::polling);
    for (const auto type : {packet_type::open, packet_type::upgrade, packet_type::noop}) {
        EXPECT_EQ(s.on_packet(text(type), at(0ms)), nothing);
    }
}

TEST_F(SessionTest, WithoutANamespaceConnectTimesOut) {
    auto s = open(transport::websocket);
    EXPECT_EQ(s.on_deadline(at(25s)), (step{act::send_ping, {}}));
    EXPECT_EQ(s.on_packet(text(packet_type::pong), at(25s)), nothing);
    EXPECT_EQ(s.on_deadline(at(45s)), close(close_reason::connect_timeout));
}

TEST_F(SessionTest, ConnectTimeoutIsOverForGoodOnceConnected) {
    auto s = open(transport::websocket);
    s.connected();
    EXPECT_EQ(s.on_deadline(at(25s)), (step{act::send_ping, {}}));
    EXPECT_EQ(s.on_packet(text(packet_type::pong), at(25s)), nothing);
    EXPECT_EQ(s.on_deadline(at(45s)), nothing);
}

TEST_F(SessionTest, UpgradeByProbe) {
    auto s = open(transport::polling);
    ASSERT_TRUE(s.begin_upgrade(at(1s)));
    EXPECT_TRUE(s.upgrading());
    EXPECT_EQ(s.on_candidate_packet(text(packet_type::ping, "probe"), at(1s)),
              (step{act::answer_probe, {}}));
    EXPECT_EQ(s.via(), transport::polling);
    EXPECT_EQ(s.on_candidate_packet(text(packet_type::upgrade), at(2s)), (step{act::upgraded, {}}));
    EXPECT_EQ(s.via(), transport::websocket);
    EXPECT_EQ(s.upgraded_at(), at(2s));
    EXPECT_FALSE(s.upgrading());
    EXPECT_EQ(s.on_deadline(at(12s)), nothing) << "the upgrade's own deadline is over";
}

TEST_F(SessionTest, UpgradeWithoutProbeIsAccepted) {
    auto s = open(transport::polling);
    ASSERT_TRUE(s.begin_upgrade(at(1s)));
    EXPECT_EQ(s.on_candidate_packet(text(packet_type::upgrade), at(1s)), (step{act::upgraded, {}}));
}

TEST_F(SessionTest, OneUpgradeAtATimeAndNoneBehindIt) {
    auto s = open(transport::polling);
    ASSERT_TRUE(s.begin_upgrade(at(1s)));
    EXPECT_FALSE(s.begin_upgrade(at(1s)));
    EXPECT_EQ(s.on_candidate_packet(text(packet_type::upgrade), at(1s)), (step{act::upgraded, {}}));
    EXPECT_FALSE(s.begin_upgrade(at(1s)));
}

TEST_F(SessionTest, AnythingElseOnTheCandidateDropsIt) {
    for (const packet& p :
         {text(packet_type::message, "x"), text(packet_type::ping), text(packet_type::noop)}) {
        auto s = open(transport::polling);
        ASSERT_TRUE(s.begin_upgrade(at(1s)));
        EXPECT_EQ(s.on_candidate_packet(p, at(1s)), (step{act::drop_candidate, {}}));
        EXPECT_EQ(s.via(), transport::polling);
        EXPECT_TRUE(s.begin_upgrade(at(2s))) << "it may try again";
    }
}

TEST_F(SessionTest, UpgradeTimesOutAndPollingGoesOn) {
    auto s = open(transport::polling);
    ASSERT_TRUE(s.begin_upgrade(at(1s)));
    EXPECT_EQ(s.on_deadline(at(10999ms)), nothing);
    EXPECT_EQ(s.on_deadline(at(11s)), (step{act::drop_candidate, {}}));
    EXPECT_EQ(s.on_deadline(at(11s)), nothing);
    EXPECT_TRUE(s.begin_upgrade(at(12s)));
}

TEST_F(SessionTest, AGetHeldDuringTheProbeIsReleasedInTime) {
    auto s = open(transport::polling);
    s.poll_held(at(0ms));
    ASSERT_TRUE(s.begin_upgrade(at(1s)));
    s.poll_held(at(1s));
    EXPECT_EQ(s.on_deadline(at(1100ms)), nothing) << "not before the probe is answered";
    EXPECT_EQ(s.on_candidate_packet(text(packet_type::ping, "probe"), at(1200ms)),
              (step{act::answer_probe, {}}));
    s.poll_held(at(1200ms));
    EXPECT_EQ(s.next_deadline(), at(1300ms));
    EXPECT_EQ(s.on_deadline(at(1300ms)), (step{act::release_poll, {}}));
    EXPECT_EQ(s.on_deadline(at(1300ms)), nothing);
}

TEST_F(SessionTest, SeveralDeadlinesAtOnceComeOutOneByOne) {
    auto s = open(transport::polling);
    ASSERT_TRUE(s.begin_upgrade(at(20s)));
    EXPECT_EQ(s.on_deadline(at(31s)), (step{act::drop_candidate, {}}));
    EXPECT_EQ(s.on_deadline(at(31s)), (step{act::send_ping, {}}));
    EXPECT_EQ(s.on_deadline(at(31s)), nothing);
}

}  // namespace
}  // namespace chat_gateway::engineio
