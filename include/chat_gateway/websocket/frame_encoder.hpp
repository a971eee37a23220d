#pragma once

#include <chat_gateway/websocket/frame.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace chat_gateway::websocket {

/// Length of the longest header a server writes (no mask): 2 + 8.
inline constexpr std::size_t max_header_size = 10;

enum class payload_form : bool {
    plain,
    deflated  ///< RSV1 (RFC 7692); data frames only
};

/// Writes the header of an unfragmented, unmasked frame to the front of `out` (at least
/// max_header_size bytes) and returns its length: 2, 4 or 10.
std::size_t encode_header(std::span<char, max_header_size> out, opcode op, std::size_t payload_size,
                          payload_form form = payload_form::plain);

/// A whole frame. Control payloads are at most 125 bytes.
std::string encode_frame(opcode op, std::string_view payload);

/// A close frame; close_code::none gives the empty one (`88 00`).
std::string encode_close(close_code code);

}  // namespace chat_gateway::websocket
