#include "redact.hpp"

#include <chat_gateway/base/text.hpp>

namespace chat_gateway::app {
namespace {

constexpr std::string_view hidden = "***";

bool names_password(std::string_view name) {
    return name.find("pass") != name.npos;
}

/// `[user:]***@`, or empty where `url` has no such part after its scheme.
std::string redacted_user(std::string_view user_and_password) {
    const auto colon = user_and_password.find(':');
    const auto user = colon == user_and_password.npos ? "" : user_and_password.substr(0, colon + 1);
    return std::string(user) + std::string(hidden) + '@';
}

/// A parameter's name may be percent-encoded, as libpq takes it; one that cannot be read is hidden
/// too.
std::string redacted_parameter(std::string_view parameter) {
    const auto name = parameter.substr(0, parameter.find('='));
    const auto decoded = percent_decode(name);
    const bool hide = !decoded || names_password(*decoded);
    return hide ? std::string(name) + '=' + std::string(hidden) : std::string(parameter);
}

std::string redacted_query(std::string_view query) {
    std::string all;
    while (true) {
        const auto end = query.find('&');
        all += redacted_parameter(query.substr(0, end));
        if (end == query.npos) return all;
        all += '&';
        query.remove_prefix(end + 1);
    }
}

}  // namespace

std::string redact_secret(std::string_view secret) {
    return std::string(secret.empty() ? "" : hidden);
}

std::string redact_url(std::string_view url) {
    const auto mark = url.find("://");
    if (mark == url.npos) return std::string(names_password(url) ? hidden : url);
    std::string shown(url.substr(0, mark + 3));
    auto rest = url.substr(mark + 3);
    if (const auto at = rest.rfind('@'); at != rest.npos) {
        shown += redacted_user(rest.substr(0, at));
        rest.remove_prefix(at + 1);
    }
    const auto question = rest.find('?');
    shown += rest.substr(0, question);
    if (question != rest.npos) shown += '?' + redacted_query(rest.substr(question + 1));
    return shown;
}

}  // namespace chat_gateway::app
