#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/http/message.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::http {

/// The origins that may use the gateway, and the headers that say so. Immutable, shared by all
/// shards.
class cors_policy {
public:
    /// Exact origins (`https://shop.example`) or patterns with a leading label wildcard
    /// (`https://*.example.org`, or `*.example.org` for any scheme; matches sub-domains of any
    /// depth, never the bare domain). Scheme and host are compared without regard to case; a port
    /// that is not given is the scheme's default. Throws std::invalid_argument for what
    /// is_valid_origin refuses.
    explicit cors_policy(const std::vector<std::string>& origins);

    /// What cors.origins accepts.
    static bool is_valid_origin(std::string_view text);

    /// True without an Origin header, for an Origin whose host and port are those of the Host
    /// header (default ports by the origin's scheme), and for a listed one. `null` and malformed
    /// origins are not allowed.
    [[nodiscard]] bool allows(const request& r) const;

    /// Appends what Node's cors 2.8 sends with credentials, in its order:
    /// Access-Control-Allow-Origin (only if the request has an allowed Origin), Vary: Origin,
    /// Access-Control-Allow-Credentials: true.
    void add_headers(const request& r, std::vector<header>& out) const;

    /// Answer to OPTIONS: always 204, Content-Length 0; without Access-Control-Allow-Origin if the
    /// origin is not allowed.
    [[nodiscard]] response preflight(const request& r) const;

private:
    struct pattern {
        std::string scheme;      ///< empty: any
        std::string suffix;      ///< `.example.org`
        std::uint16_t port = 0;  ///< 0: the default of the origin's scheme
    };
    static std::optional<pattern> parse_pattern(std::string_view text);

    std::vector<std::string> exact_;  ///< spelled out: `https://shop.example:443`
    std::vector<pattern> patterns_;
};

}  // namespace chat_gateway::http
