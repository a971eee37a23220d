// Two gateways, and a way between them that delays and loses.
#include "gateway_world.hpp"
#include "returning_page.hpp"
#include "support/faulty_network.hpp"

#include <gtest/gtest.h>

#include <array>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::tests {
namespace {

using gateway::metric;
using socketio::cluster::request;
using socketio::cluster::request_kind;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

class TwoGateways : public ::testing::Test {
protected:
    gateway_options options() {
        gateway_options o;
        o.recovery = {.window = 60s, .packet_time = 60s};
        o.make_bus = [this](net::event_loop& loop) { return network.make_bus(loop); };
        return o;
    }
    /// The user is a participant for both.
    header_list log_in(const std::string& user, const std::vector<std::string>& chats) {
        right.log_in(user, chats);
        return left.log_in(user, chats);
    }
    static void publish(gateway_world& from, const std::string& name, const std::string& room) {
        from.publish_on_bus({{.packet = gateway_world::event(name), .rooms = {room}}});
    }
    static std::string claim(const arrival& a, const std::string& offset) {
        return R"({"pid":")" + a.pid + R"(","offset":")" + offset + "\"}";
    }

    faulty_network network;
    gateway_world left{options()};
    gateway_world right{options()};
};

TEST_F(TwoGateways, DelaysChangeNothingButTheTime) {
    network.delay(5ms);
    const auto session = log_in("ada", {"a", "b"});
    returning_page here(left, session);
    returning_page there(right, session);
    here.arrive();
    there.arrive();
    std::vector<std::string> of_left;
    std::vector<std::string> of_right;
    for (int n = 0; n < 200; ++n) {
        const std::string number = std::to_string(n);
        publish(left, of_left.emplace_back("left" + number), "a");
        publish(right, of_right.emplace_back("right" + number), "b");
    }
    for (returning_page* p : {&here, &there}) {
        std::vector<std::string> got_left;
        std::vector<std::string> got_right;
        for (int n = 0; n < 400; ++n) {
            std::string name = p->event();
            (name.starts_with("left") ? got_left : got_right).push_back(std::move(name));
        }
        EXPECT_EQ(got_left, of_left);
        EXPECT_EQ(got_right, of_right);
    }
}

TEST_F(TwoGateways, NobodyIsConnectedBeforeItsRoomsAreConfirmed) {
    network.delay_confirmations(100ms);
    const auto session = log_in("ada", {"a"});
    for (int n = 0; n < 5; ++n) {
        returning_page page(right, session);
        page.arrive();
        const std::string name = "behind" + std::to_string(n);
        publish(left, name, "a");
        EXPECT_EQ(page.event(), name);
    }
}

// Whoever was away misses what was lost there; nobody is told that all is well.
TEST_F(TwoGateways, WhatIsLostOnTheWayToOneIsNoSilentGapThere) {
    const auto session = log_in("ada", {"a"});
    std::array<std::unique_ptr<returning_page>, 2> pages;
    std::array<arrival, 2> first;
    std::array<std::string, 2> offsets;
    std::array<gateway_world*, 2> worlds{&left, &right};
    for (std::size_t n = 0; n < 2; ++n) {
        pages[n] = std::make_unique<returning_page>(*worlds[n], session);
        first[n] = pages[n]->arrive();
    }
    publish(left, "seen", "a");
    for (std::size_t n = 0; n < 2; ++n) {
        EXPECT_EQ(pages[n]->event(), "seen");
        offsets[n] = pages[n]->offset;
        pages[n].reset();
        ASSERT_TRUE(worlds[n]->reaches(metric::recovery_sessions, 1));
    }
    network.lose_messages(1, 1);
    publish(left, "lost on the right", "a");
    publish(left, "for both", "a");
    ASSERT_TRUE(right.reaches(metric::bus_messages, 2));

    pages[0] = std::make_unique<returning_page>(left, session, claim(first[0], offsets[0]));
    const arrival back = pages[0]->arrive();
    EXPECT_EQ(back.pid, first[0].pid);
    EXPECT_EQ(back.ahead.size(), 2U);
    pages[1] = std::make_unique<returning_page>(right, session, claim(first[1], offsets[1]));
    const arrival fresh = pages[1]->arrive();
    EXPECT_NE(fresh.pid, first[1].pid);
    EXPECT_TRUE(fresh.ahead.empty());
    EXPECT_EQ(right.count(metric::recovery_gaps), 1U);
    EXPECT_EQ(right.count(metric::recoveries_incomplete), 1U);
    publish(right, "later", "a");
    for (auto& p : pages)
        EXPECT_EQ(p->event(), "later");
}

TEST_F(TwoGateways, AnAnswerThatIsLostIsMissingInTime) {
    const auto session = log_in("ada", {"a"});
    returning_page here(left, session);
    returning_page there(right, session);
    here.arrive();
    there.arrive();
    request asked{.kind = request_kind::fetch_sockets, .to = {.rooms = {"a"}}, .timeout = 20s};
    auto whole = left.ask_cluster(asked);
    EXPECT_EQ(whole.missing, 0U);
    network.delay(20ms);
    whole = left.ask_cluster(asked);
    EXPECT_EQ(whole.missing, 0U);
    network.lose_answers(true);
    asked.timeout = 300ms;
    const auto part = left.ask_cluster(asked);
    EXPECT_EQ(part.missing, 1U);
    EXPECT_EQ(left.count(metric::cluster_answers_missing), 1U);
}

TEST_F(TwoGateways, OrdersReachBoth) {
    network.delay(10ms);
    const auto session = log_in("ada", {"a"});
    returning_page here(left, session);
    returning_page there(right, session);
    here.arrive();
    there.arrive();
    left.tell_cluster({.kind = request_kind::join, .to = {.rooms = {"a"}}, .rooms = {"more"}});
    // Once the bus has confirmed the room.
    ASSERT_TRUE(eventually([&] {
        publish(left, "in the new room", "more");
        return left.count(metric::deliveries) > 0 && right.count(metric::deliveries) > 0;
    }));
    EXPECT_EQ(there.event(), "in the new room");
    EXPECT_EQ(here.event(), "in the new room");
    left.tell_cluster({.kind = request_kind::disconnect, .to = {.rooms = {"a"}}, .close = true});
    EXPECT_TRUE(left.reaches(metric::sockets_connected, 0));
    EXPECT_TRUE(right.reaches(metric::sockets_connected, 0));
}

}  // namespace
}  // namespace chat_gateway::tests
