#include "property/generators.hpp"

#include <chat_gateway/socketio/packet.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <optional>

namespace chat_gateway::socketio {
namespace {

using namespace property;
using status = decoder::status;

std::string any_namespace() {
    return *rc::gen::element<std::string>("/", "/admin", "/a/b?token=1&x=%2C", "/é");
}

std::string any_id() {
    return std::to_string(*rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << 53));
}

std::string any_arguments(std::vector<std::string>* attachments) {
    std::string list;
    for (int due = *rc::gen::inRange(0, 4); due > 0; --due)
        list += "," + any_json(3, attachments);
    return list;
}

/// An event or ack with or without attachments, or a packet of one of the other types.
packet any_packet() {
    const int choice = *rc::gen::inRange(0, 8);
    packet p{.nsp = any_namespace()};
    if (choice == 0) {
        p.type = packet_type::connect;
        if (*rc::gen::arbitrary<bool>()) p.data = R"({"auth":)" + any_json(2) + '}';
    } else if (choice == 1) {
        p.type = packet_type::disconnect;
    } else if (choice == 2) {
        p.type = packet_type::connect_error;
        p.data = R"({"message":)" + json_string(any_text()) + '}';
    } else {
        const bool is_ack = choice == 3;
        if (is_ack || *rc::gen::arbitrary<bool>()) p.id = any_id();
        auto* attachments = *rc::gen::arbitrary<bool>() ? &p.attachments : nullptr;
        // The letter in front keeps it from being a reserved name.
        p.data = "[" + (is_ack ? any_json(1) : json_string("n" + any_text())) +
                 any_arguments(attachments) + "]";
        const bool binary = !p.attachments.empty();
        p.type = is_ack   ? binary ? packet_type::binary_ack : packet_type::ack
                 : binary ? packet_type::binary_event
                          : packet_type::event;
    }
    return p;
}

/// What the decoder makes of the packet's messages; nullopt: it refuses them.
std::optional<packet> through(decoder& d, const packet& p) {
    packet received;
    auto s = d.on_text(encode(p), received);
    for (const auto& a : p.attachments) {
        if (s != status::incomplete) return std::nullopt;
        s = d.on_binary(a, received);
    }
    if (s != status::complete) return std::nullopt;
    return received;
}

RC_GTEST_PROP(SocketioPacket, AnySequenceComesBack, ()) {
    decoder d;
    for (int due = *rc::gen::inRange(1, 5); due > 0; --due) {
        const auto sent = any_packet();
        RC_ASSERT(through(d, sent) == sent);
    }
}

/// A few bytes of a good packet changed: whatever is still accepted means one thing.
RC_GTEST_PROP(SocketioPacket, DecodingAndEncodingIsStableForDamagedOnes, ()) {
    auto text = encode(any_packet());
    for (int due = *rc::gen::inRange(1, 4); due > 0; --due) {
        const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
        text[at] = *rc::gen::oneOf(rc::gen::arbitrary<char>(),
                                   rc::gen::element('[', ']', '{', '"', ',', '0', '1', '-', ' '));
    }
    decoder d;
    packet first;
    auto s = d.on_text(text, first);
    for (int due = 10; s == status::incomplete && due > 0; --due)
        s = d.on_binary("x", first);
    RC_CLASSIFY(s == status::complete);
    if (s != status::complete) return;
    decoder other;
    RC_ASSERT(through(other, first) == first);
}

RC_GTEST_PROP(SocketioPacket, AnyBytesAreReadOrRefused, ()) {
    decoder d;
    packet p;
    for (int due = *rc::gen::inRange(1, 5); due > 0; --due) {
        const auto bytes = *rc::gen::element<std::string>("2", "51-", "0", "") + any_bytes();
        const auto s = *rc::gen::arbitrary<bool>() ? d.on_text(bytes, p) : d.on_binary(bytes, p);
        RC_ASSERT(s == status::complete || s == status::incomplete || s == status::malformed);
    }
}

RC_GTEST_PROP(SplitEvent, NameAndArgumentsAreTheData, ()) {
    const auto name = any_text();
    const auto first = any_json(2);
    const auto space = *rc::gen::element<std::string>("", " ", "\n\t ");
    const auto alone = split_event("[" + space + json_string(name) + space + "]");
    RC_ASSERT(alone.name == name);
    RC_ASSERT(alone.args.starts_with('[') && alone.args.ends_with(']'));
    const auto two = split_event("[" + space + json_string(name) + space + "," + first + "]");
    RC_ASSERT(two.name == name);
    RC_ASSERT(two.args == "[" + first + "]");
}

}  // namespace
}  // namespace chat_gateway::socketio
