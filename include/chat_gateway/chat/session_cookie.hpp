#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::chat {

/// Checks an express-session cookie value (`s:<id>.<signature>`, already percent-decoded) against
/// the secrets, in constant time each, and returns the session id. Split at the last dot; the
/// signature is the unpadded standard base64 of HMAC-SHA256(secret, id), compared as text
/// (cookie-signature 1.2).
std::optional<std::string> verify_session_cookie(std::string_view value,
                                                 const std::vector<std::string>& secrets);

/// The value express-session would set, before percent-encoding.
std::string sign_session_cookie(std::string_view session_id, std::string_view secret);

}  // namespace chat_gateway::chat
