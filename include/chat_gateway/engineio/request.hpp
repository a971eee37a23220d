#pragma once

#include <chat_gateway/engineio/packet.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace chat_gateway::engineio {

enum class transport : std::uint8_t { polling, websocket };

/// Engine.IO's own refusals; the value is the code on the wire.
enum class request_error : std::uint8_t {
    unknown_transport = 0,
    unknown_sid = 1,
    bad_handshake_method = 2,
    bad_request = 3,
    forbidden = 4,
    unsupported_version = 5,
};
std::string_view message_of(request_error e);

/// `{"code":1,"message":"Session ID unknown"}`
std::string error_body(request_error e);

/// A request to the Engine.IO path whose form is right. Whether the sid exists, and its transport
/// fits, the session table knows.
struct engine_request {
    transport via = transport::polling;
    std::string sid = {};                   ///< empty: a handshake
    bool b64 = false;                       ///< `b64` is given and not empty; without effect in v4
    std::optional<std::string> jsonp = {};  ///< digits of `j`, if that is given
    bool operator==(const engine_request&) const = default;
};

/// What of a request Engine.IO looks at. `method` as sent; `upgrade`: it asks for a WebSocket.
struct request_form {
    std::string_view method;
    std::string_view query;
    bool upgrade = false;
    bool allow_polling = true;
    bool allow_websocket = true;
};

/// Checks in Node's order: transport known and enabled; with a sid: websocket needs an upgrade
/// (code 3); without: method GET (code 2), websocket needs an upgrade (code 3), EIO is exactly `4`
/// (code 5). An empty `sid=` counts as none. Which methods a session takes is the caller's affair.
std::variant<engine_request, request_error> parse_request(const request_form& form);

}  // namespace chat_gateway::engineio
