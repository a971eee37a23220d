#include "kept_session.hpp"

#include <chat_gateway/base/text.hpp>
#include <chat_gateway/chat/ports/recovery_store.hpp>
#include <chat_gateway/socketio/cluster/streams_codec.hpp>

#include <gtest/gtest.h>

namespace chat_gateway::gateway {
namespace {

suspended_session session() {
    const public_id id = public_id::make(0, 1);
    return {.pid = public_id::make(0, 2),
            .id = id,
            .user = "ada",
            .start = 100,
            .rooms = {{"a", 100}, {"b", 250}, {id.text(), 100}},
            .left = {"c"},
            .owner = "12345678901234567890",
            .live = true,
            .given = 300,
            .through = 400};
}

TEST(KeptSession, ComesBackAsItWas) {
    const auto s = session();
    const auto back = read_kept(write_kept(s).value());
    ASSERT_TRUE(back);
    EXPECT_EQ(back->pid, s.pid);
    EXPECT_EQ(back->id, s.id);
    EXPECT_EQ(back->user, s.user);
    EXPECT_EQ(back->start, s.start);
    ASSERT_EQ(back->rooms.size(), s.rooms.size());
    for (std::size_t n = 0; n < s.rooms.size(); ++n) {
        EXPECT_EQ(back->rooms[n].name, s.rooms[n].name);
        EXPECT_EQ(back->rooms[n].from, s.rooms[n].from);
    }
    EXPECT_EQ(back->left, s.left);
    EXPECT_EQ(back->owner, s.owner);
    EXPECT_EQ(back->live, s.live);
    EXPECT_EQ(back->given, s.given);
    EXPECT_EQ(back->through, s.through);
}

TEST(KeptSession, BeginsWithItsOwner) {
    auto s = session();
    const std::string value = write_kept(s).value();
    s.rooms.clear();
    s.user = "eve";
    constexpr auto size = chat::recovery_store::owner_size;
    EXPECT_EQ(write_kept(s).value().substr(0, size), value.substr(0, size));
    s.owner = "another one's name..";
    EXPECT_NE(write_kept(s).value().substr(0, size), value.substr(0, size));
}

TEST(KeptSession, NamesThatAreNoUtf8DoNotBreakIt) {
    auto s = session();
    s.user = "\xff";
    EXPECT_TRUE(read_kept(write_kept(s).value()));
}

TEST(KeptSession, WhatAGatewayHasNotWrittenIsNone) {
    using socketio::cluster::streams::encode_session;
    using socketio::cluster::streams::kept_session;
    const std::string id = public_id::make(0, 1).text();
    const std::string pid = public_id::make(0, 2).text();
    const std::string good =
        R"({"user":"ada","start":"1-0","from":{"a":"2-0"},"left":["c"],"live":true,"given":"3-0",)"
        R"("through":"4-0"})";
    kept_session s{
        .owner = "12345678901234567890", .sid = id, .pid = pid, .rooms = {"a"}, .data = good};
    EXPECT_TRUE(read_kept(encode_session(s).value()));
    EXPECT_FALSE(read_kept(""));
    EXPECT_FALSE(read_kept("nonsense"));

    const auto with = [&](const char* from, const char* to) {
        kept_session changed = s;
        changed.data.replace(changed.data.find(from), std::string_view(from).size(), to);
        return read_kept(encode_session(changed).value()).has_value();
    };
    EXPECT_FALSE(with("\"user\":\"ada\",", ""));
    EXPECT_FALSE(with("\"ada\"", "7"));
    EXPECT_FALSE(with("\"1-0\"", "1"));
    EXPECT_FALSE(with("\"1-0\"", "\"01-0\""));
    EXPECT_FALSE(with("{\"a\":\"2-0\"}", "[]"));
    EXPECT_FALSE(with("{\"a\":\"2-0\"}", "{\"a\":2}"));
    EXPECT_FALSE(with("[\"c\"]", "[1]"));
    EXPECT_FALSE(with("[\"c\"]", "{}"));
    EXPECT_FALSE(with("true", "1"));
    EXPECT_FALSE(with("\"given\":\"3-0\",", ""));

    kept_session of_node = s;
    of_node.owner.clear();
    EXPECT_FALSE(read_kept(encode_session(of_node).value())) << "Node writes none";
    of_node = s;
    of_node.sid = "short";
    EXPECT_FALSE(read_kept(encode_session(of_node).value()));
    of_node = s;
    of_node.pid = "short";
    EXPECT_FALSE(read_kept(encode_session(of_node).value()));
}

}  // namespace
}  // namespace chat_gateway::gateway
