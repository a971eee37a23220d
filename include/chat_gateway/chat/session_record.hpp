#pragma once

#include <chat_gateway/base/error.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace chat_gateway::chat {

/// The user id at `user_pointer` (RFC 6901) of a session record: a non-empty string, or a number as
/// JavaScript prints it; nullopt if nobody is logged in. errc::malformed if the record is not a
/// JSON object. Its `cookie` is not looked at, whether there is one or not: `cookie.expires` goes
/// stale by design, the store knows what has expired.
result<std::optional<std::string>> user_of_record(std::string_view record,
                                                  const std::string& user_pointer);

}  // namespace chat_gateway::chat
