#include "connection_string.hpp"

#include <cstddef>

namespace chat_gateway::postgres {
namespace {

constexpr std::string_view limits =
    "connect_timeout=5&keepalives_idle=10&keepalives_interval=3&keepalives_count=3"
    "&tcp_user_timeout=10000&client_encoding=UTF8&fallback_application_name=chat-gateway";

/// `user:password` of `postgresql://user:password@host/..`, found as libpq finds it: a `?` there is
/// an ordinary character.
std::string_view userinfo(std::string_view url) {
    const auto scheme = url.find("://");
    const auto begin = scheme == std::string_view::npos ? 0 : scheme + 3;
    const auto end = url.find_first_of("@/", begin);
    if (end == std::string_view::npos || url[end] != '@') return url.substr(begin, 0);
    return url.substr(begin, end - begin);
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
    if (what.empty()) return;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
}

std::string_view parameter(std::string_view url, std::string_view name) {
    const auto at = url.find(name);
    if (at == std::string_view::npos) return {};
    const auto value = url.substr(at + name.size());
    return value.substr(0, value.find('&'));
}

}  // namespace

std::string with_time_limits(std::string_view url) {
    const auto user = userinfo(url);
    const auto authority = static_cast<std::size_t>(user.data() + user.size() - url.data());
    const auto question = url.find('?', authority);
    std::string out(url.substr(0, question));
    out += '?';
    out += limits;
    // Of two parameters with one name libpq takes the later.
    if (question != std::string_view::npos && question + 1 < url.size()) {
        out += '&';
        out += url.substr(question + 1);
    }
    return out;
}

std::string without_password(std::string message, std::string_view url) {
    const auto user = userinfo(url);
    const auto colon = user.find(':');
    if (colon != std::string_view::npos) replace_all(message, user.substr(colon + 1), "***");
    replace_all(message, parameter(url, "password="), "***");
    return message;
}

}  // namespace chat_gateway::postgres
