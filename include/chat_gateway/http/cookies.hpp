#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace chat_gateway::http {

/// Value of the first cookie of that name in a Cookie header: names are case-sensitive, surrounding
/// `"` dropped, percent-decoded (undecodable: as it stands). Behaviour of npm `cookie` 0.7, which
/// express-session uses.
std::optional<std::string> cookie_value(std::string_view header, std::string_view name);

}  // namespace chat_gateway::http
