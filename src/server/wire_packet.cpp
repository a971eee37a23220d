#include <chat_gateway/server/wire_packet.hpp>
#include <chat_gateway/websocket/deflate.hpp>
#include <chat_gateway/websocket/frame_encoder.hpp>

#include <array>
#include <cstring>

namespace chat_gateway::server {

wire_bytes wire_bytes::text_packet(engineio::packet_type type, std::string_view data,
                                   std::string_view rest) {
    const std::size_t size = 1 + data.size() + rest.size();
    std::array<char, websocket::max_header_size> header{};
    const std::size_t n = websocket::encode_header(header, websocket::opcode::text, size);
    wire_bytes out;
    out.header_size_ = static_cast<std::uint8_t>(n);
    out.bytes_ = shared_bytes::create(n + size, [&](char* to) {
        std::memcpy(to, header.data(), n);
        to[n] = static_cast<char>('0' + static_cast<int>(type));
        data.copy(to + n + 1, data.size());
        rest.copy(to + n + 1 + data.size(), rest.size());
    });
    return out;
}

wire_bytes wire_bytes::binary(std::string_view bytes) {
    std::array<char, websocket::max_header_size> header{};
    const std::size_t n = websocket::encode_header(header, websocket::opcode::binary, bytes.size());
    wire_bytes out;
    out.binary_ = true;
    out.header_size_ = static_cast<std::uint8_t>(n);
    out.bytes_ = shared_bytes::create(n + bytes.size(), [&](char* to) {
        std::memcpy(to, header.data(), n);
        if (!bytes.empty()) std::memcpy(to + n, bytes.data(), bytes.size());
    });
    return out;
}

void wire_bytes::compress() {
    if (packet().size() < compression_threshold) return;
    const auto deflated = websocket::deflate_message(packet());
    if (deflated.size() >= packet().size()) return;
    std::array<char, websocket::max_header_size> header{};
    const auto op = binary_ ? websocket::opcode::binary : websocket::opcode::text;
    const std::size_t n =
        websocket::encode_header(header, op, deflated.size(), websocket::payload_form::deflated);
    compressed_ = shared_bytes::create(n + deflated.size(), [&](char* to) {
        std::memcpy(to, header.data(), n);
        std::memcpy(to + n, deflated.data(), deflated.size());
    });
}

}  // namespace chat_gateway::server
