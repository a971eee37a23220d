#include <chat_gateway/websocket/frame_encoder.hpp>

#include <array>
#include <cassert>
#include <cstdint>

namespace chat_gateway::websocket {
namespace {

/// The low `size` bytes of `value`, most significant first.
void write_big_endian(char* out, std::uint64_t value, std::size_t size) {
    for (std::size_t i = size; i-- > 0; value >>= 8)
        out[i] = static_cast<char>(value & 0xff);
}

}  // namespace

std::size_t encode_header(std::span<char, max_header_size> out, opcode op, std::size_t payload_size,
                          payload_form form) {
    constexpr unsigned fin = 0x80;
    const unsigned rsv1 = form == payload_form::deflated ? 0x40 : 0;
    out[0] = static_cast<char>(fin | rsv1 | static_cast<unsigned>(op));
    if (payload_size <= 125) {
        out[1] = static_cast<char>(payload_size);
        return 2;
    }
    const std::size_t extended = payload_size <= 0xffff ? 2 : 8;
    out[1] = extended == 2 ? 126 : 127;
    write_big_endian(&out[2], payload_size, extended);
    return 2 + extended;
}

std::string encode_frame(opcode op, std::string_view payload) {
    assert(op < opcode::close || payload.size() <= 125);
    std::array<char, max_header_size> header{};
    const auto header_size = encode_header(header, op, payload.size());
    std::string frame;
    frame.reserve(header_size + payload.size());
    return frame.append(header.data(), header_size).append(payload);
}

std::string encode_close(close_code code) {
    if (code == close_code::none) return encode_frame(opcode::close, {});
    std::array<char, 2> payload{};
    write_big_endian(payload.data(), static_cast<std::uint16_t>(code), payload.size());
    return encode_frame(opcode::close, {payload.data(), payload.size()});
}

}  // namespace chat_gateway::websocket
