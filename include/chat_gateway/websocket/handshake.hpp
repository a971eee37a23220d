#pragma once

#include <string>
#include <string_view>

namespace chat_gateway::websocket {

/// Sec-WebSocket-Accept for a client's key (RFC 6455 section 4.2.2).
std::string accept_key(std::string_view client_key);

/// A key is 16 bytes in padded base64: 22 characters and `==`.
bool is_valid_key(std::string_view client_key);

}  // namespace chat_gateway::websocket
