#pragma once

#include <string>
#include <string_view>

namespace chat_gateway::app {

/// What a secret is shown as; an empty one stays empty, so that its absence is seen.
std::string redact_secret(std::string_view secret);

/// A connection string without its passwords: `redis://***@host`,
/// `postgresql://bob:***@host/db?password=***`. Hides too much rather than too little: any text
/// before an `@` counts as a password, key=value pairs with one vanish as a whole.
std::string redact_url(std::string_view url);

}  // namespace chat_gateway::app
