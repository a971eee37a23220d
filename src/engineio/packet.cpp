#include <chat_gateway/engineio/packet.hpp>

namespace chat_gateway::engineio {

std::optional<packet> decode_packet(std::string_view text) {
    if (text.empty() || text.front() < '0' || text.front() > '6') return std::nullopt;
    return packet{.type = static_cast<packet_type>(text.front() - '0'), .data = text.substr(1)};
}

std::string encode_packet(packet_type type, std::string_view data) {
    std::string text;
    text.reserve(1 + data.size());
    text += static_cast<char>('0' + static_cast<int>(type));
    text += data;
    return text;
}

std::string encode_open(const open_options& o) {
    // A sid is one of ours, so it has no characters that JSON escapes.
    std::string json = R"({"sid":")";
    json += o.sid;
    json += R"(","upgrades":[)";
    if (o.offer_websocket) json += R"("websocket")";
    json += R"(],"pingInterval":)" + std::to_string(o.ping_interval_ms);
    json += R"(,"pingTimeout":)" + std::to_string(o.ping_timeout_ms);
    json += R"(,"maxPayload":)" + std::to_string(o.max_payload) + '}';
    return encode_packet(packet_type::open, json);
}

}  // namespace chat_gateway::engineio
