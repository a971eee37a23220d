#pragma once

#include <chat_gateway/http/message.hpp>

namespace chat_gateway::admin {

/// The operator's page, with a nonce of its own. It holds no figure and no secret, so that it is
/// served without a token.
[[nodiscard]] http::response page_answer();

}  // namespace chat_gateway::admin
