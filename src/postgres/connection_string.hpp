#pragma once

#include <string>
#include <string_view>

namespace chat_gateway::postgres {

/// The operator's libpq URI with what keeps a worker from waiting for ever: a limit on connecting,
/// and TCP settings by which a vanished server is noticed. What the URI itself says wins.
std::string with_time_limits(std::string_view url);

/// libpq quotes parts of the URI in some of its messages: the same message without the URI's
/// password.
std::string without_password(std::string message, std::string_view url);

}  // namespace chat_gateway::postgres
