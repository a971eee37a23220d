#include "property/generators.hpp"

#include <chat_gateway/socketio/cluster/classic_codec.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

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

}  // namespace
}  // namespace chat_gateway::socketio::cluster
