#pragma once

#include <cstdint>

namespace chat_gateway::websocket {

/// RFC 6455 section 5.2.
enum class opcode : std::uint8_t {
    continuation = 0,
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10
};

/// RFC 6455 section 7.4.1: those this server sends.
enum class close_code : std::uint16_t {
    none = 0,  ///< an empty close frame; the peer sees 1005
    normal = 1000,
    protocol_error = 1002,
    invalid_payload = 1007,
    too_big = 1009,
};

}  // namespace chat_gateway::websocket
