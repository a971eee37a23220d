#include "outbox_translator.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace chat_gateway::postgres {
namespace {

using namespace std::chrono_literals;
using socketio::cluster::message;
using socketio::cluster::request;
using socketio::cluster::request_kind;

time_point at(std::chrono::milliseconds t) {
    return time_point(1h) + t;
}

outbox_row written(const std::string& chat, const std::string& content = "hi") {
    return {1, "message", chat, "",
            R"({"chat_id" : ")" + chat +
                R"(", "message_id" : "m1", "author" : null, "content" : ")" + content +
                R"(", "timestamp" : 1700000000123, "type" : "text"})"};
}
outbox_row joined(const std::string& chat, const std::string& user) {
    return {1, "join", chat, user, ""};
}

bool to_all(outbox_translator& t, const std::string& chat, time_point now) {
    return std::get<message>(*t.translate(written(chat), now)).to_all_nodes;
}

TEST(outbox_translator, a_message_is_a_server_message_of_its_room) {
    outbox_translator t;
    const auto m = std::get<message>(*t.translate(written("c1", R"(\"q\" \\)"), at(0s)));
    EXPECT_EQ(m.packet, R"(2["serverMessage",{"chat_id":"c1","message_id":"m1","author":null,)"
                        R"("content":"\"q\" \\","timestamp":1700000000123,"type":"text"}])");
    EXPECT_EQ(m.rooms, (std::vector<std::string>{"c1"}));
    EXPECT_FALSE(m.to_all_nodes);
}

TEST(outbox_translator, membership_is_a_request_to_the_users_sockets) {
    outbox_translator t;
    request expected{.kind = request_kind::join, .to = {.rooms = {"user:u1"}}, .rooms = {"c1"}};
    EXPECT_EQ(std::get<request>(*t.translate(joined("c1", "u1"), at(0s))), expected);
    expected.kind = request_kind::leave;
    EXPECT_EQ(std::get<request>(*t.translate({2, "leave", "c1", "u1", ""}, at(0s))), expected);
    expected.to.rooms = {"c1"};
    EXPECT_EQ(std::get<request>(*t.translate({3, "chat_deleted", "c1", "", ""}, at(0s))), expected);
}

TEST(outbox_translator, what_follows_a_change_goes_to_all_until_the_chat_is_quiet) {
    outbox_translator t;
    t.translate(joined("c1", "u1"), at(0s));
    EXPECT_FALSE(to_all(t, "c2", at(1s)));
    EXPECT_TRUE(to_all(t, "c1", at(1s)));
    EXPECT_TRUE(to_all(t, "c1", at(2900ms)));
    EXPECT_TRUE(to_all(t, "c1", at(3800ms)));   // not quiet for a second
    EXPECT_FALSE(to_all(t, "c1", at(4900ms)));  // but now
    EXPECT_FALSE(to_all(t, "c1", at(5s)));
}

TEST(outbox_translator, a_busy_chat_does_not_go_to_all_for_ever) {
    outbox_translator t;
    t.translate(joined("c1", "u1"), at(0s));
    for (auto now = 0ms; now <= 30s; now += 500ms)
        EXPECT_TRUE(to_all(t, "c1", at(now))) << now.count();
    EXPECT_FALSE(to_all(t, "c1", at(30500ms)));
}

TEST(outbox_translator, everything_goes_to_all_after_a_takeover) {
    outbox_translator t;
    t.start(at(0s));
    EXPECT_TRUE(to_all(t, "c1", at(2s)));
    EXPECT_FALSE(to_all(t, "c1", at(3s)));
}

TEST(outbox_translator, forgets_chats_that_became_quiet) {
    outbox_translator t;
    for (int i = 0; i < 100; ++i)
        t.translate(joined("c" + std::to_string(i), "u"), at(0s));
    EXPECT_EQ(t.wide_chats(), 100U);
    t.translate(written("other"), at(10s));
    EXPECT_EQ(t.wide_chats(), 0U);
}

TEST(outbox_translator, a_row_that_is_no_message_is_left_out) {
    outbox_translator t;
    EXPECT_FALSE(t.translate({1, "message", "c", "", "no json"}, at(0s)));
    EXPECT_FALSE(t.translate({2, "message", "c", "", "[]"}, at(0s)));
    EXPECT_FALSE(t.translate({3, "message", "c", "", R"({"chat_id":"c"})"}, at(0s)));
    EXPECT_FALSE(t.translate({4, "rename", "c", "", ""}, at(0s)));
}

}  // namespace
}  // namespace chat_gateway::postgres
