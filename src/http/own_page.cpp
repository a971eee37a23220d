#include "origin.hpp"

#include <chat_gateway/http/own_page.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <array>

namespace chat_gateway::http {
namespace {

bool is_address(const std::string& host) {
    std::array<unsigned char, 16> bytes{};
    if (host.starts_with('['))
        return ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), bytes.data()) == 1;
    return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1;
}

std::size_t count_of(const request& r, std::string_view name) {
    const auto all = r.all(name);
    // Neither header's value may have a comma: a second line is told by it.
    return !r.has(name) ? 0 : 1 + static_cast<std::size_t>(std::ranges::count(all, ','));
}

}  // namespace

bool is_from_own_page(const request& r, const std::vector<std::string>& names) {
    if (count_of(r, "Origin") != 1 || count_of(r, "Host") != 1) return false;
    const auto asking = parse_origin(r.get("Origin"));
    if (!asking || (asking->scheme != "http" && asking->scheme != "https")) return false;
    const auto host = parse_authority(r.get("Host"), default_port(asking->scheme));
    if (host != asking->place) return false;
    return is_address(host->host) || host->host == "localhost" ||
           std::ranges::find(names, host->host) != names.end();
}

}  // namespace chat_gateway::http
