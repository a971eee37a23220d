#include "origin.hpp"

#include <chat_gateway/http/cors.hpp>

#include <algorithm>
#include <stdexcept>

namespace chat_gateway::http {
namespace {

constexpr std::string_view scheme_end = "://";

std::string spelled_out(const origin& o) {
    return o.scheme + std::string(scheme_end) + o.place.host + ":" + std::to_string(o.place.port);
}

}  // namespace

std::optional<cors_policy::pattern> cors_policy::parse_pattern(std::string_view text) {
    pattern p;
    if (const auto end = text.find(scheme_end); end != std::string_view::npos) {
        auto scheme = parse_scheme(text.substr(0, end));
        if (!scheme) return std::nullopt;
        p.scheme = std::move(*scheme);
        text.remove_prefix(end + scheme_end.size());
    }
    if (!text.starts_with("*.")) return std::nullopt;
    const auto domain = parse_authority(text.substr(2), 0);
    if (!domain || domain->host.starts_with('.') || domain->host.starts_with('['))
        return std::nullopt;
    p.suffix = "." + domain->host;
    p.port = domain->port;
    return p;
}

cors_policy::cors_policy(const std::vector<std::string>& origins) {
    for (const auto& text : origins) {
        if (auto p = parse_pattern(text)) {
            patterns_.push_back(std::move(*p));
        } else if (const auto o = parse_origin(text)) {
            exact_.push_back(spelled_out(*o));
        } else {
            throw std::invalid_argument("not an origin: " + text);
        }
    }
}

bool cors_policy::is_valid_origin(std::string_view text) {
    return parse_pattern(text).has_value() || parse_origin(text).has_value();
}

bool cors_policy::allows(const request& r) const {
    if (!r.has("Origin")) return true;
    const auto asking = parse_origin(r.get("Origin"));
    if (!asking) return false;
    const auto standard_port = default_port(asking->scheme);
    if (parse_authority(r.get("Host"), standard_port) == asking->place) return true;
    if (std::find(exact_.begin(), exact_.end(), spelled_out(*asking)) != exact_.end()) return true;
    return std::any_of(patterns_.begin(), patterns_.end(), [&](const pattern& p) {
        const auto& host = asking->place.host;
        return (p.scheme.empty() || p.scheme == asking->scheme) &&
               asking->place.port == (p.port == 0 ? standard_port : p.port) &&
               host.size() > p.suffix.size() && host.ends_with(p.suffix);
    });
}

void cors_policy::add_headers(const request& r, std::vector<header>& out) const {
    if (r.has("Origin") && allows(r)) {
        out.push_back({"Access-Control-Allow-Origin", std::string(r.get("Origin"))});
    }
    out.push_back({"Vary", "Origin"});
    out.push_back({"Access-Control-Allow-Credentials", "true"});
}

response cors_policy::preflight(const request& r) const {
    response answer;
    answer.status = 204;
    add_headers(r, answer.headers);
    for (auto& h : answer.headers) {
        if (h.name == "Vary") h.value += ", Access-Control-Request-Headers";
    }
    answer.set("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE");
    const auto asked = r.get("Access-Control-Request-Headers");
    if (!asked.empty()) answer.set("Access-Control-Allow-Headers", std::string(asked));
    answer.set("Content-Length", "0");
    return answer;
}

}  // namespace chat_gateway::http
