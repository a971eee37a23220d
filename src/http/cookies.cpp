#include "trim.hpp"

#include <chat_gateway/base/text.hpp>
#include <chat_gateway/http/cookies.hpp>

#include <algorithm>

namespace chat_gateway::http {
namespace {

std::string_view unquote(std::string_view value) {
    if (!value.starts_with('"') || !value.ends_with('"')) return value;
    return value.size() < 2 ? std::string_view() : value.substr(1, value.size() - 2);
}

}  // namespace

std::optional<std::string> cookie_value(std::string_view header, std::string_view name) {
    while (!header.empty()) {
        const auto pair = header.substr(0, header.find(';'));
        header.remove_prefix(std::min(pair.size() + 1, header.size()));
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos || trim(pair.substr(0, equals)) != name) continue;
        const auto raw = unquote(trim(pair.substr(equals + 1)));
        return percent_decode(raw).value_or(std::string(raw));
    }
    return std::nullopt;
}

}  // namespace chat_gateway::http
