#include "support/recorded.hpp"

#include <chat_gateway/socketio/cluster/classic_requests.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

// tests/data/cluster/classic.json: what real members and emitters sent.
namespace chat_gateway::socketio::cluster::classic {
namespace {

using nlohmann::json;
using strings = std::vector<std::string>;

strings binaries(const json& row) {
    strings bytes;
    for (const auto& hex : row.value("attachments", json::array()))
        bytes.push_back(tests::from_hex(hex.get<std::string>()));
    return bytes;
}

request_kind kind_of(const std::string& name) {
    constexpr std::string_view names[] = {
        "sockets",       "all_rooms",        "join",     "leave", "disconnect",
        "fetch_sockets", "server_side_emit", "broadcast"};
    for (std::size_t i = 0; i < std::size(names); ++i) {
        if (names[i] == name) return static_cast<request_kind>(i);
    }
    throw std::runtime_error("unknown request " + name);
}

request request_of(const json& row) {
    request r{.kind = kind_of(row.at("request")), .from = row.at("from"), .id = row.at("id")};
    if (row.contains("to"))
        r.to = {.rooms = row.at("to").at("rooms"), .except = row.at("to").at("except")};
    r.rooms = row.value("rooms", strings());
    r.close = row.value("close", false);
    r.data = row.value("data", "");
    r.packet = row.value("packet", "");
    r.attachments = binaries(row);
    if (row.contains("timeout") && row.at("timeout").is_number())
        r.timeout = std::chrono::milliseconds(row.at("timeout"));
    return r;
}

response response_of(const json& row) {
    response r{.id = row.at("id")};
    const std::string kind = row.at("response");
    r.data = row.value("data", "");
    r.attachments = binaries(row);
    r.names = row.value("names", strings());
    r.count = row.value("count", 0U);
    r.kind = kind == "rooms"          ? response_kind::rooms
             : kind == "fetched"      ? response_kind::fetched
             : kind == "server_side"  ? response_kind::server_side
             : kind == "client_count" ? response_kind::client_count
                                      : response_kind::client_ack;
    for (const auto& s : row.value("fetched", json::array()))
        r.fetched.push_back({.id = s.at("id"),
                             .handshake = s.at("handshake"),
                             .rooms = s.at("rooms"),
                             .data = s.at("data")});
    return r;
}

bool is_ours(const json& row) {
    return row.at("channel").get<std::string>().find("#/admin#") == std::string::npos;
}

TEST(ClassicRequests, RecordedRequestsAreReadAndWrittenTheSame) {
    std::size_t seen = 0;
    for (const auto& row : tests::recorded("cluster/classic.json")) {
        const auto& expected = row.at("expected");
        if (!is_ours(row) || !expected.contains("request")) continue;
        const std::string bytes = tests::from_hex(row.at("bytes").get<std::string>());
        const auto read = decode_request(bytes);
        ASSERT_TRUE(read) << row.at("name");
        EXPECT_EQ(*read, request_of(expected)) << row.at("name");
        const bool is_volatile = expected.value("volatile", false);  // acks are owed all the same
        if (!is_volatile) {
            EXPECT_EQ(encode_request(*read).value(), bytes) << row.at("name");
        }
        ++seen;
    }
    EXPECT_GT(seen, 15U);
}

TEST(ClassicRequests, RecordedAnswersAreReadAndWrittenTheSame) {
    std::size_t seen = 0;
    for (const auto& row : tests::recorded("cluster/classic.json")) {
        const auto& expected = row.at("expected");
        if (!is_ours(row) || !expected.contains("response")) continue;
        const std::string bytes = tests::from_hex(row.at("bytes").get<std::string>());
        const auto read = decode_response(bytes);
        ASSERT_TRUE(read) << row.at("name");
        EXPECT_EQ(*read, response_of(expected)) << row.at("name");
        EXPECT_EQ(encode_response(*read).value(), bytes) << row.at("name");
        ++seen;
    }
    EXPECT_GT(seen, 10U);
}

TEST(ClassicRequests, OldPeersFormsAreTaken) {
    const auto join = decode_request(R"({"requestId":"q","type":2,"sid":"s1","room":"r1"})");
    ASSERT_TRUE(join);
    EXPECT_EQ(
        *join,
        (request{.kind = request_kind::join, .id = "q", .to = {.rooms = {"s1"}}, .rooms = {"r1"}}));
    EXPECT_EQ(encode_response({.id = "q"}).value(), R"({"requestId":"q"})");
    EXPECT_EQ(decode_response(R"({"requestId":"q"})").value(), (response{.id = "q"}));
    const auto disconnect = decode_request(R"({"requestId":"q","type":4,"sid":"s1","close":true})");
    ASSERT_TRUE(disconnect);
    EXPECT_EQ(disconnect->to.rooms, strings{"s1"});
    const auto sockets = decode_request(R"({"uid":"u","requestId":"q","type":0,"rooms":["a",7]})");
    ASSERT_TRUE(sockets);
    EXPECT_EQ(sockets->to.rooms, (strings{"a", "7"}));
    const response ids{.kind = response_kind::sockets, .id = "q", .names = {"s1", "s2"}};
    EXPECT_EQ(encode_response(ids).value(), R"({"requestId":"q","sockets":["s1","s2"]})");
    EXPECT_EQ(decode_response(R"({"requestId":"q","sockets":["s1","s2"]})").value(), ids);
}

TEST(ClassicRequests, WhatDoesNotSayWhomItMeansIsNotForEverybody) {
    for (const char* bytes : {
             R"({"type":4,"close":true})",
             R"({"type":4,"opts":{},"close":true})",
             R"({"type":4,"opts":{"rooms":null},"close":true})",
             R"({"type":4,"opts":{"rooms":"r1"},"close":true})",
             R"({"type":4,"opts":{"rooms":[{}]},"close":true})",
             R"({"type":4,"opts":{"rooms":["r1"],"except":"e"},"close":true})",
             R"({"type":4,"opts":[],"close":true})",
             R"({"type":2,"opts":{"rooms":["r1"],"except":[]}})",
             R"({"type":2,"rooms":["r1"]})",
             R"({"requestId":"q","type":5})",
             R"({"type":5,"opts":{"rooms":[],"except":[]}})",
             R"({"requestId":"q","type":0})",
             R"({"type":1})",
             R"({"type":6})",
             R"({"type":6,"data":{}})",
             R"({"requestId":"q","type":7,"opts":{"rooms":[]}})",
             R"({"requestId":"q","type":7,"opts":{"rooms":[]},"packet":{"type":2,"data":[]}})",
             R"({"requestId":"q","type":7,"opts":{"rooms":[]},"packet":{"type":3,"data":["e"]}})",
             R"({"type":8})",
             R"({"type":-1})",
             R"({"type":"2"})",
             R"({"type":2.5})",
             "{",
             "{}",
             "",
             "[]",
             "\xc1",
             "\x80",
         }) {
        EXPECT_FALSE(decode_request(bytes)) << bytes;
    }
}

TEST(ClassicRequests, NestingIsBounded) {
    const std::string deep =
        R"({"type":6,"data":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
    EXPECT_FALSE(decode_request(deep));
    EXPECT_FALSE(decode_response(R"({"requestId":"q","type":6,"data":)" +
                                 std::string(100'000, '[') + std::string(100'000, ']') + "}"));
}

// Node peers end with an uncaught exception on these.
TEST(ClassicRequests, NothingThatEndsANodePeerIsWritten) {
    const request question{
        .kind = request_kind::broadcast, .from = "u", .id = "q", .packet = R"(2["e"])"};
    EXPECT_TRUE(encode_request(question));
    auto broken = question;
    broken.id.clear();
    EXPECT_FALSE(encode_request(broken));
    for (const char* packet : {"", "2", "2{}", "2[]", "3[1]", R"(2["e")", R"(51-["e"])"}) {
        broken = question;
        broken.packet = packet;
        EXPECT_FALSE(encode_request(broken)) << packet;
    }
    EXPECT_FALSE(encode_request({.kind = request_kind::server_side_emit, .data = "{}"}));
    EXPECT_FALSE(encode_request({.kind = request_kind::server_side_emit, .data = ""}));
    // Whatever else is asked carries its opts.
    const auto fetch =
        encode_request({.kind = request_kind::fetch_sockets, .from = "u", .id = "q"});
    EXPECT_NE(fetch.value().find(R"("opts":{"rooms":[],"except":[]})"), std::string::npos);
}

TEST(ClassicRequests, AnswersThatAreNoneAreRefused) {
    for (const char* bytes :
         {"{}", R"({"type":8,"requestId":"q"})", R"({"type":8,"requestId":"q","clientCount":-1})",
          R"({"type":7,"requestId":"q"})", R"({"requestId":"q","sockets":{}})",
          R"({"requestId":"q","sockets":[1,2]})", R"({"requestId":"q","sockets":[{"id":1}]})",
          R"({"requestId":"q","rooms":7})", R"({"requestId":7})"}) {
        EXPECT_FALSE(decode_response(bytes)) << bytes;
    }
    EXPECT_FALSE(encode_response({.kind = response_kind::rooms}));
    EXPECT_FALSE(
        encode_response({.kind = response_kind::server_side, .id = "q", .data = "no json"}));
    EXPECT_FALSE(encode_response(
        {.kind = response_kind::fetched, .id = "q", .fetched = {{.id = "s", .data = "[]"}}}));
}

TEST(ClassicRequests, ChannelsAreThoseOfTheAdapter) {
    EXPECT_EQ(request_channel("socket.io", "/"), "socket.io-request#/#");
    EXPECT_EQ(response_channel("socket.io", "/"), "socket.io-response#/#");
    EXPECT_EQ(response_channel("socket.io", "/", "a1"), "socket.io-response#/#a1#");
}

}  // namespace
}  // namespace chat_gateway::socketio::cluster::classic
