#include "property/generators.hpp"

#include <chat_gateway/engineio/payload.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace chat_gateway::engineio {
namespace {

using namespace property;

struct sent {
    packet_type type;
    std::string data;
    bool binary;
};

/// Of any type; texts without the separator, which Engine.IO cannot carry in a payload.
sent any_packet() {
    if (*rc::gen::inRange(0, 3) == 0) return {packet_type::message, any_bytes(), true};
    auto data = *rc::gen::arbitrary<bool>() ? any_text() : any_bytes();
    std::erase(data, record_separator);
    return {static_cast<packet_type>(*rc::gen::inRange(0, 7)), data, false};
}

std::string encoded(const std::vector<sent>& packets) {
    std::string body;
    for (const auto& p : packets)
        p.binary ? append_binary(body, p.data) : append_text(body, encode_packet(p.type, p.data));
    return body;
}

std::vector<sent> any_packets() {
    std::vector<sent> packets;
    for (int due = *rc::gen::inRange(1, 8); due > 0; --due)
        packets.push_back(any_packet());
    return packets;
}

RC_GTEST_PROP(Payload, AnyPacketsComeBack, ()) {
    const auto packets = any_packets();
    const auto body = encoded(packets);
    const auto decoded = decode_payload(body);
    RC_ASSERT(!decoded.malformed);
    RC_ASSERT(decoded.packets.size() == packets.size());
    for (std::size_t i = 0; i < packets.size(); ++i) {
        RC_ASSERT(decoded.packets[i] ==
                  (packet{packets[i].type, packets[i].data, packets[i].binary}));
    }
}

RC_GTEST_PROP(Payload, WhatComesBeforeGarbageIsKept, ()) {
    const auto packets = any_packets();
    const auto garbage = *rc::gen::element<std::string>("", "7", "x4", " ");
    const auto body = encoded(packets) + record_separator + garbage + record_separator + "4late";
    const auto decoded = decode_payload(body);
    RC_ASSERT(decoded.malformed);
    RC_ASSERT(decoded.packets.size() == packets.size());
}

RC_GTEST_PROP(Payload, AnyBytesAreReadOrRefused, ()) {
    const auto body = any_bytes();
    const auto decoded = decode_payload(body);
    const auto records = 1 + std::count(body.begin(), body.end(), record_separator);
    const auto read = static_cast<std::ptrdiff_t>(decoded.packets.size());
    RC_ASSERT((decoded.malformed ? read < records : read == records));
}

RC_GTEST_PROP(EngineioPacket, TextIsItsTypeAndItsData, ()) {
    const auto type = static_cast<packet_type>(*rc::gen::inRange(0, 7));
    const auto data = any_bytes();
    const auto text = encode_packet(type, data);
    RC_ASSERT(decode_packet(text) == (packet{type, data, false}));
    RC_ASSERT(!decode_packet(*rc::gen::element('7', '8', 'b', '\0', '/') + data));
}

}  // namespace
}  // namespace chat_gateway::engineio
