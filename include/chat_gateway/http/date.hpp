#pragma once

#include <chrono>
#include <string>

namespace chat_gateway::http {

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7), whatever the process's locale and
/// zone.
std::string date_text(std::chrono::system_clock::time_point when);

}  // namespace chat_gateway::http
