#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chat_gateway::engineio {

/// Engine.IO v4 packet types; the digit on the wire is the value.
enum class packet_type : std::uint8_t { open = 0, close, ping, pong, message, upgrade, noop };

/// One decoded packet. `data` views the decoded bytes it came from.
struct packet {
    packet_type type = packet_type::noop;
    std::string_view data = {};
    bool binary = false;  ///< only messages are
    bool operator==(const packet&) const = default;
};

/// A text of one packet: digit and data. nullopt for anything else, the empty text too.
/// (`b...` as text is base64 binary; payload and transports handle it, for it needs a buffer.)
std::optional<packet> decode_packet(std::string_view text);

std::string encode_packet(packet_type type, std::string_view data = {});

/// `0{"sid":..,"upgrades":[..],"pingInterval":..,"pingTimeout":..,"maxPayload":..}`, keys in Node's
/// order.
struct open_options {
    std::string_view sid;
    bool offer_websocket = false;
    std::uint32_t ping_interval_ms = 25000;
    std::uint32_t ping_timeout_ms = 20000;
    std::uint32_t max_payload = 1000000;
};
std::string encode_open(const open_options& o);

}  // namespace chat_gateway::engineio
