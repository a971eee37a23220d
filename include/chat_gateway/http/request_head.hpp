#pragma once

#include <chat_gateway/http/message.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

/// HTTP/1.1 request heads, strictly after RFC 9112: whatever two recipients could understand in two
/// ways (request smuggling) is refused, and nothing is repaired. What is refused, and how, stands
/// in docs/http.md.
namespace chat_gateway::http {

struct head_limits {
    std::size_t bytes = 16 * 1024;  ///< request line and fields, line ends included: 431
    std::size_t target = 8 * 1024;  ///< 414
    std::size_t fields = 100;       ///< 431
};

/// Why a request is refused. `why` is for logs and tests; clients get the status alone.
struct head_fault {
    unsigned status = 400;
    std::string_view why;
    bool operator==(const head_fault&) const = default;
};

enum class body_framing : std::uint8_t { none, length, chunked };

struct request_head {
    request message;  ///< without body, peer and time
    body_framing framing = body_framing::none;
    std::uint64_t length = 0;       ///< with body_framing::length
    bool keep_alive = false;        ///< the client wants to (RFC 9112 section 9.3)
    bool expects_continue = false;  ///< `Expect: 100-continue`
};

/// `head`: from the request line to the empty line, as head_scanner delimits it. An absolute-form
/// target's authority replaces the Host field's value (section 3.2.2).
std::variant<request_head, head_fault> parse_head(std::string_view head, const head_limits& limits);

}  // namespace chat_gateway::http
