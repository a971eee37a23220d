#pragma once

#include <chat_gateway/base/scheduler.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::http {

struct header {
    std::string name;
    std::string value;
    bool operator==(const header&) const = default;
};

/// A parsed request. The head is complete and within the limits when anyone sees it; so is the
/// body.
struct request {
    std::string method;  ///< as sent, upper case for the standard ones
    std::string path;    ///< the target up to `?`; of an absolute-form target the path alone
    std::string query;   ///< behind the `?`, undecoded
    std::vector<header> headers;
    std::string body;
    std::string peer;           ///< address of the TCP peer; empty for an AF_UNIX one
    bool trusted_peer = false;  ///< AF_UNIX
    bool upgrade = false;       ///< `Connection: upgrade` with an `Upgrade` header
    time_point received{};      ///< when the head was complete

    /// Value of the first header of that name (case-insensitive), or an empty view.
    [[nodiscard]] std::string_view get(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const;
    /// Values of all headers of that name, joined by `, `: a list may come in several lines (RFC
    /// 9110 section 5.3).
    [[nodiscard]] std::string all(std::string_view name) const;
};

struct response {
    unsigned status = 200;
    std::vector<header> headers;
    std::string body;
    bool close = false;  ///< close the connection behind it

    response& set(std::string name, std::string value) {
        headers.push_back({std::move(name), std::move(value)});
        return *this;
    }
};

/// Standard reason phrase, or "Unknown".
std::string_view reason_phrase(unsigned status);

}  // namespace chat_gateway::http
