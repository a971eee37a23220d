#include <chat_gateway/base/text.hpp>
#include <chat_gateway/redis/redis.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace chat_gateway::redis {
namespace {

constexpr std::size_t max_unix_path = 107;  // sockaddr_un has room for no more
constexpr std::string_view host_characters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
constexpr std::string_view ipv6_characters = "0123456789abcdefABCDEF:.";

bool consume(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

bool consists_of(std::string_view text, std::string_view characters) {
    return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

std::optional<unsigned> number(std::string_view text, unsigned max) {
    unsigned value = 0;
    const auto* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || rest != end || value > max) return std::nullopt;
    return value;
}

bool read_credentials(std::string_view text, url& out) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return false;
    auto user = percent_decode(text.substr(0, colon));
    auto password = percent_decode(text.substr(colon + 1));
    if (!user || !password) return false;
    out.user = std::move(*user);
    out.password = std::move(*password);
    return true;
}

bool read_host(std::string_view& text, url& out) {
    std::size_t length = 0;
    if (consume(text, "[")) {
        length = text.find(']');
        if (length == std::string_view::npos) return false;
        if (!consists_of(text.substr(0, length), ipv6_characters)) return false;
        out.host = text.substr(0, length);
        text.remove_prefix(length + 1);
        return true;
    }
    length = std::min(text.find(':'), text.size());
    if (!consists_of(text.substr(0, length), host_characters)) return false;
    out.host = text.substr(0, length);
    text.remove_prefix(length);
    return true;
}

bool read_address(std::string_view text, url& out) {
    if (!read_host(text, out)) return false;
    if (text.empty()) return true;
    if (!consume(text, ":")) return false;
    const auto port = number(text, 65535);
    if (!port || *port == 0) return false;
    out.port = std::to_string(*port);
    return true;
}

bool read_database(std::string_view text, url& out) {
    const auto database = number(text, 1'000'000);
    if (database) out.database = *database;
    return database.has_value();
}

/// One, or more where several hosts stand behind the credentials.
result<std::vector<url>> parse_tcp(std::string_view text, bool tls) {
    url shared;
    shared.tls = tls;
    const auto slash = std::min(text.find('/'), text.size());
    auto addresses = text.substr(0, slash);
    if (const auto at = addresses.rfind('@'); at != std::string_view::npos) {
        if (!read_credentials(addresses.substr(0, at), shared))
            return make_error_code(errc::malformed);
        addresses.remove_prefix(at + 1);
    }
    const auto database = text.substr(std::min(slash + 1, text.size()));
    if (!database.empty() && !read_database(database, shared))
        return make_error_code(errc::malformed);
    std::vector<url> all;
    for (;;) {
        const auto comma = std::min(addresses.find(','), addresses.size());
        if (!read_address(addresses.substr(0, comma), all.emplace_back(shared)))
            return make_error_code(errc::malformed);
        if (comma == addresses.size()) return all;
        addresses.remove_prefix(comma + 1);
    }
}

result<url> parse_unix(std::string_view text) {
    url out;
    const auto question = std::min(text.find('?'), text.size());
    out.unix_path = text.substr(0, question);
    if (!out.unix_path.starts_with('/') || out.unix_path.size() > max_unix_path ||
        out.unix_path.find('\0') != std::string::npos)
        return make_error_code(errc::malformed);
    auto query = text.substr(question);
    if (query.empty()) return out;
    if (!consume(query, "?db=") || !read_database(query, out))
        return make_error_code(errc::malformed);
    return out;
}

result<std::vector<url>> parse_one(std::string_view text) {
    if (consume(text, "redis://")) return parse_tcp(text, false);
    if (consume(text, "rediss://")) return parse_tcp(text, true);
    if (!consume(text, "unix://")) return make_error_code(errc::malformed);
    auto one = parse_unix(text);
    if (!one) return one.error();
    return std::vector<url>{std::move(*one)};
}

/// Where the next URL of a list begins, behind its comma.
std::size_t next_url(std::string_view text) {
    std::size_t next = text.size();
    for (const std::string_view scheme : {",redis://", ",rediss://", ",unix://"})
        next = std::min(next, text.find(scheme));
    return next;
}

}  // namespace

result<url> parse_url(std::string_view text) {
    auto one = parse_one(text);
    if (!one) return one.error();
    if (one->size() != 1) return make_error_code(errc::malformed);
    return std::move(one->front());
}

result<std::vector<url>> parse_urls(std::string_view text) {
    std::vector<url> all;
    for (;;) {
        const auto end = next_url(text);
        auto some = parse_one(text.substr(0, end));
        if (!some) return some.error();
        all.insert(all.end(), some->begin(), some->end());
        if (end == text.size()) return all;
        text.remove_prefix(end + 1);
    }
}

std::string url::redacted() const {
    const auto db = std::to_string(database);
    if (!unix_path.empty()) return "unix://" + unix_path + "?db=" + db;
    const bool ipv6 = host.find(':') != std::string::npos;
    return (tls ? "rediss://" : "redis://") + (ipv6 ? "[" + host + "]" : host) + ":" + port + "/" +
           db;
}

}  // namespace chat_gateway::redis
