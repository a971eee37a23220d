#include "origin.hpp"

#include <algorithm>
#include <charconv>

namespace chat_gateway::http {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

std::string to_lower(std::string_view text) {
    std::string lower(text);
    for (auto& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }
    return lower;
}

bool is_name(std::string_view host) {
    return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
        return is_digit(c) || is_lower(c) || c == '-' || c == '.' || c == '_';
    });
}

bool is_bracketed_address(std::string_view host) {
    return host.size() > 2 && host.front() == '[' && host.back() == ']' &&
           std::all_of(host.begin() + 1, host.end() - 1, [](char c) {
               return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
           });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, port);
    if (error != std::errc() || stop != end || port == 0) return std::nullopt;
    return port;
}

}  // namespace

std::optional<authority> parse_authority(std::string_view text, std::uint16_t default_port) {
    // The colons of an address in brackets are not the one before the port.
    const auto bracket = text.rfind(']');
    const auto colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
    authority a{to_lower(text.substr(0, colon)), default_port};
    if (!is_name(a.host) && !is_bracketed_address(a.host)) return std::nullopt;
    if (colon == std::string_view::npos) return a;
    const auto port = parse_port(text.substr(colon + 1));
    if (!port) return std::nullopt;
    a.port = *port;
    return a;
}

std::uint16_t default_port(std::string_view scheme) {
    if (scheme == "http") return 80;
    if (scheme == "https") return 443;
    return 0;
}

std::optional<std::string> parse_scheme(std::string_view text) {
    auto scheme = to_lower(text);
    const bool valid = !scheme.empty() && is_lower(scheme.front()) &&
                       std::all_of(scheme.begin(), scheme.end(), [](char c) {
                           return is_digit(c) || is_lower(c) || c == '+' || c == '-' || c == '.';
                       });
    if (!valid) return std::nullopt;
    return scheme;
}

std::optional<origin> parse_origin(std::string_view text) {
    const auto separator = text.find("://");
    if (separator == std::string_view::npos) return std::nullopt;
    auto scheme = parse_scheme(text.substr(0, separator));
    if (!scheme) return std::nullopt;
    auto place = parse_authority(text.substr(separator + 3), default_port(*scheme));
    if (!place) return std::nullopt;
    return origin{std::move(*scheme), std::move(*place)};
}

}  // namespace chat_gateway::http
