#include "property/generators.hpp"

#include <chat_gateway/socketio/cluster/classic_codec.hpp>
#include <chat_gateway/socketio/cluster/sharded_codec.hpp>
#include <chat_gateway/socketio/cluster/streams_codec.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <chrono>

namespace chat_gateway::socketio::cluster {
namespace {

using namespace property;

RC_GTEST_PROP(MsgpackJson, JsonComesBack, ()) {
    std::vector<std::string> attachments;
    const auto json = any_json(5, &attachments);
    const auto msgpack = msgpack_of_json(json, attachments);
    RC_ASSERT(msgpack.has_value());
    std::string printed;
    std::vector<std::string> found;
    const auto read = append_json(*msgpack + any_bytes(5), printed, found);
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == msgpack->size());
    RC_ASSERT(printed == json);
    RC_ASSERT(found == attachments);
}

RC_GTEST_PROP(MsgpackJson, WhatIsCutShortIsRefusedAndLeavesNothing, ()) {
    std::vector<std::string> attachments;
    const auto json = any_json(5, &attachments);
    const auto msgpack = *msgpack_of_json(json, attachments);
    const auto size = *rc::gen::inRange<std::size_t>(0, msgpack.size());
    std::string printed = "before";
    std::vector<std::string> found{"before"};
    RC_ASSERT(!append_json(std::string_view(msgpack).substr(0, size), printed, found));
    RC_ASSERT(printed == "before");
    RC_ASSERT(found == std::vector<std::string>{"before"});
}

std::vector<std::string> any_rooms() {
    std::vector<std::string> rooms;
    for (int due = *rc::gen::inRange(0, 4); due > 0; --due)
        rooms.push_back(*rc::gen::arbitrary<bool>() ? any_text() : any_bytes());
    return rooms;
}

message any_message() {
    message m{.nsp = *rc::gen::element<std::string>("/", "/admin", "/a b?x=é"),
              .rooms = any_rooms(),
              .except = any_rooms(),
              .volatile_ = *rc::gen::arbitrary<bool>()};
    std::string data = "[" + json_string(any_text());
    for (int due = *rc::gen::inRange(0, 4); due > 0; --due)
        data += "," + any_json(3, &m.attachments);
    m.packet = m.attachments.empty() ? "2" : "5" + std::to_string(m.attachments.size()) + "-";
    if (m.nsp != "/") m.packet += m.nsp + ",";
    m.packet += data + "]";
    return m;
}

RC_GTEST_PROP(ClassicCodec, AnyBroadcastComesBack, ()) {
    const auto sent = any_message();
    const auto bytes = classic::encode_broadcast(any_text(), sent);
    RC_ASSERT(bytes.has_value());
    const auto received = classic::decode_broadcast(*bytes);
    RC_ASSERT(received.has_value());
    RC_ASSERT(*received == sent);
    RC_ASSERT(!classic::decode_broadcast(*bytes + "\xc0"));
    const auto size = *rc::gen::inRange<std::size_t>(0, bytes->size());
    RC_ASSERT(!classic::decode_broadcast(std::string_view(*bytes).substr(0, size)));
}

std::vector<std::string> any_names() {
    std::vector<std::string> names;
    for (int due = *rc::gen::inRange(0, 4); due > 0; --due)
        names.push_back(any_text());
    return names;
}

std::string any_nsp() {
    return *rc::gen::element<std::string>("/", "/admin", "/a b?x=é");
}

std::string any_id() {
    return "i" + any_text(5);
}

std::string any_event(std::vector<std::string>& attachments) {
    std::string data = "[" + json_string(any_text());
    for (int due = *rc::gen::inRange(0, 4); due > 0; --due)
        data += "," + any_json(3, &attachments);
    return data + "]";
}

request any_request(request_kind kind) {
    request r{.kind = kind, .nsp = any_nsp(), .from = any_text()};
    const bool answered = kind == request_kind::fetch_sockets || kind == request_kind::broadcast ||
                          (kind == request_kind::server_side_emit && *rc::gen::arbitrary<bool>());
    if (answered) r.id = any_id();
    if (kind == request_kind::server_side_emit) {
        r.data = any_event(r.attachments);
        return r;
    }
    r.to = {.rooms = any_names(), .except = any_names()};
    if (kind == request_kind::join || kind == request_kind::leave) r.rooms = any_names();
    if (kind == request_kind::disconnect) r.close = *rc::gen::arbitrary<bool>();
    if (kind != request_kind::broadcast) return r;
    const auto event = any_event(r.attachments);
    r.packet = r.attachments.empty() ? "2" : "5" + std::to_string(r.attachments.size()) + "-";
    if (r.nsp != "/") r.packet += r.nsp + ",";
    r.packet += event;
    r.volatile_ = *rc::gen::arbitrary<bool>();
    if (*rc::gen::arbitrary<bool>())
        r.timeout = std::chrono::milliseconds(*rc::gen::inRange(0, 86'400'001));
    return r;
}

response any_response() {
    using enum response_kind;
    response r{.kind = *rc::gen::element(fetched, server_side, client_count, client_ack),
               .nsp = any_nsp(),
               .from = any_text(),
               .id = any_id()};
    if (r.kind == client_count) r.count = *rc::gen::arbitrary<std::uint32_t>();
    if (r.kind == server_side || r.kind == client_ack) r.data = any_json(4, &r.attachments);
    if (r.kind != fetched) return r;
    for (int due = *rc::gen::inRange(0, 4); due > 0; --due) {
        const auto handshake = R"({"h":)" + any_json(2) + '}';
        r.fetched.push_back({.id = any_id(), .handshake = handshake, .rooms = any_names()});
        r.fetched.back().data = R"({"d":)" + any_json(2, &r.attachments) + '}';
    }
    return r;
}

/// Bytes that are cut short or go on mean nothing.
template <class Decode>
void check_comes_back(const result<std::string>& bytes, const node_message& sent, Decode decode) {
    RC_ASSERT(bytes.has_value());
    const auto received = decode(*bytes);
    RC_ASSERT(received.has_value());
    RC_ASSERT(*received == sent);
    RC_ASSERT(!decode(*bytes + "\xc0"));
    const auto size = *rc::gen::inRange<std::size_t>(0, bytes->size());
    RC_ASSERT(!decode(std::string_view(*bytes).substr(0, size)));
}

constexpr std::array stored{request_kind::join, request_kind::leave, request_kind::disconnect};
constexpr std::array published{request_kind::fetch_sockets, request_kind::server_side_emit,
                               request_kind::broadcast};

RC_GTEST_PROP(ShardedCodec, AnyBroadcastComesBack, ()) {
    auto m = any_message();
    m.rooms = any_names();
    m.except = any_names();
    const auto uid = any_text();
    check_comes_back(sharded::encode(uid, m), {uid, m}, sharded::decode);
}

RC_GTEST_PROP(ShardedCodec, AnyRequestComesBack, ()) {
    const auto kinds = *rc::gen::element(stored, published);
    const auto r = any_request(*rc::gen::elementOf(kinds));
    check_comes_back(sharded::encode(r.from, r), {r.from, r}, sharded::decode);
}

RC_GTEST_PROP(ShardedCodec, AnyResponseComesBack, ()) {
    const auto r = any_response();
    check_comes_back(sharded::encode(r.from, r), {r.from, r}, sharded::decode);
}

result<node_message> decode_entry(const streams::entry& e) {
    return streams::decode_entry(std::vector<std::string_view>(e.begin(), e.end()));
}

RC_GTEST_PROP(StreamsCodec, AnyEntryComesBack, ()) {
    auto m = any_message();
    m.rooms = any_names();
    m.except = any_names();
    const auto uid = any_id();
    const auto broadcast = streams::encode_entry(uid, m);
    RC_ASSERT(broadcast.has_value());
    RC_ASSERT(*decode_entry(*broadcast) == (node_message{uid, m}));

    auto r = any_request(*rc::gen::elementOf(stored));
    r.from = uid;
    const auto entry = streams::encode_entry(uid, r);
    RC_ASSERT(entry.has_value());
    RC_ASSERT(*decode_entry(*entry) == (node_message{uid, r}));
}

RC_GTEST_PROP(StreamsCodec, AnythingPublishedComesBack, ()) {
    const auto q = any_request(*rc::gen::elementOf(published));
    check_comes_back(streams::encode_published(q.from, q), {q.from, q}, streams::decode_published);
    const auto a = any_response();
    check_comes_back(streams::encode_published(a.from, a), {a.from, a}, streams::decode_published);
}

RC_GTEST_PROP(StreamsCodec, AnySessionComesBack, ()) {
    streams::kept_session s{.sid = any_id(), .pid = any_id(), .rooms = any_names()};
    if (*rc::gen::arbitrary<bool>())
        s.owner = *rc::gen::container<std::string>(20, rc::gen::inRange<char>('A', 'Z'));
    s.data = R"({"d":)" + any_json(4, &s.attachments) + '}';
    const auto value = streams::encode_session(s);
    RC_ASSERT(value.has_value());
    const auto kept = streams::decode_session(*value);
    RC_ASSERT(kept.has_value());
    RC_ASSERT(*kept == s);
}

}  // namespace
}  // namespace chat_gateway::socketio::cluster
