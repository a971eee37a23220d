#include "value_checks.hpp"

#include <chat_gateway/http/cors.hpp>
#include <chat_gateway/http/forwarded.hpp>
#include <chat_gateway/net/unix_listener.hpp>
#include <chat_gateway/postgres/postgres.hpp>
#include <chat_gateway/redis/redis.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <string>
#include <vector>

namespace chat_gateway::app {
namespace {

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_visible_ascii(char c) {
    return c > ' ' && c < '\x7f';
}

/// RFC 9110 section 5.6.2.
bool is_token_character(char c) {
    static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return is_letter(c) || is_digit(c) || marks.find(c) != marks.npos;
}

bool is_url_path_character(char c) {
    static constexpr std::string_view marks = "-._~!$&'()*+,;=:@%/";
    return is_letter(c) || is_digit(c) || marks.find(c) != marks.npos;
}

bool is_identifier(std::string_view text) {
    return !text.empty() && !is_digit(text.front()) && std::ranges::all_of(text, [](char c) {
        return is_letter(c) || is_digit(c) || c == '_';
    });
}

/// What several nodes must be to be those of one Redis Cluster; empty if they are.
std::string_view check_redis_nodes(const std::vector<redis::url>& nodes) {
    const auto& first = nodes.front();
    for (const auto& node : nodes) {
        if (!node.unix_path.empty()) return "names a unix socket among several nodes";
        if (node.tls != first.tls) return "names nodes with different schemes";
        if (node.user != first.user || node.password != first.password)
            return "names nodes with different users or passwords";
        if (node.database != 0) return "names a database, which a Redis Cluster does not have";
    }
    return "";
}

}  // namespace

std::string_view check_not_empty(std::string_view text) {
    return text.empty() ? "is empty" : "";
}

std::string_view check_address(std::string_view text) {
    const std::string address(text);
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    const bool valid = inet_pton(AF_INET, address.c_str(), bytes.data()) == 1 ||
                       inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1;
    if (valid) return "";
    // A name that could resolve; digits and dots alone are an address that went wrong.
    const bool name = !text.empty() && text.size() <= 253 && is_letter(text.front()) &&
                      std::all_of(text.begin(), text.end(), [](char c) {
                          return is_letter(c) || is_digit(c) || c == '-' || c == '.';
                      });
    return name ? "" : "is not an IP address or host name";
}

std::string_view check_unix_path(std::string_view text) {
    if (text.empty()) return "";
    // They have no permissions, and nginx cannot connect to them.
    if (text.starts_with('@')) return "is an abstract name";
    if (!text.starts_with('/')) return "does not begin with /";
    if (text.ends_with('/')) return "names a directory";
    return text.size() <= net::unix_socket::max_path ? "" : "is too long for an AF_UNIX socket";
}

std::string_view check_file_mode(std::string_view text) {
    const bool octal = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '7'; });
    if (text.size() == 4 && text.front() != '0') return "is not a file mode";
    return octal && (text.size() == 3 || text.size() == 4) ? "" : "is not a file mode";
}

std::string_view check_url_path(std::string_view text) {
    if (!text.starts_with('/')) return "does not begin with /";
    if (text.find_first_not_of('/') == text.npos) return "would take every request";
    return std::ranges::all_of(text, is_url_path_character) ? "" : "is not a path of a URL";
}

std::string_view check_address_block(std::string_view text) {
    return http::cidr::parse(text) ? "" : "is not an address block";
}

std::string_view check_bearer_token(std::string_view text) {
    return std::ranges::all_of(text, is_visible_ascii) ? "" : "cannot be sent in a header";
}

std::string_view check_origin(std::string_view text) {
    return http::cors_policy::is_valid_origin(text) ? "" : "is not an origin";
}

std::string_view check_cookie_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_token_character) ? ""
                                                                          : "is not a cookie name";
}

std::string_view check_table_name(std::string_view text) {
    const auto dot = text.find('.');
    const bool valid = dot == text.npos ? is_identifier(text)
                                        : is_identifier(text.substr(0, dot)) &&
                                              is_identifier(text.substr(dot + 1));
    return valid ? "" : "is not a table name";
}

std::string_view check_json_pointer(std::string_view text) {
    if (!text.starts_with('/')) return "does not begin with /";
    for (auto at = text.find('~'); at != text.npos; at = text.find('~', at + 1)) {
        const auto escape = text.substr(at + 1, 1);
        if (escape != "0" && escape != "1") return "is not a JSON pointer";
    }
    return "";
}

std::string_view check_redis_url(std::string_view text) {
    const auto nodes = redis::parse_urls(text);
    if (!nodes) return "is not a Redis URL";
    return nodes->size() == 1 ? "" : check_redis_nodes(*nodes);
}

std::string_view check_postgres_url(std::string_view text) {
    return postgres::fault_of_url(text);
}

}  // namespace chat_gateway::app
