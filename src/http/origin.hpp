#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chat_gateway::http {

/// A host and its port, host in lower case. Port 0: none was given and the scheme has no default.
struct authority {
    std::string host;
    std::uint16_t port = 0;
    bool operator==(const authority&) const = default;
};

/// `host`, `host:port`, `[::1]:port`; nullopt for anything else.
std::optional<authority> parse_authority(std::string_view text, std::uint16_t default_port);

/// Of http and https; 0 for schemes that have none.
std::uint16_t default_port(std::string_view scheme);

/// What a browser's Origin header says, scheme in lower case.
struct origin {
    std::string scheme;
    authority place;
    bool operator==(const origin&) const = default;
};

/// `scheme://authority` and nothing behind it; nullopt for `null` and all else.
std::optional<origin> parse_origin(std::string_view text);

/// Scheme names of RFC 3986, in lower case.
std::optional<std::string> parse_scheme(std::string_view text);

}  // namespace chat_gateway::http
