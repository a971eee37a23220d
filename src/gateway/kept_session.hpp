#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/gateway/recovery.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace chat_gateway::gateway {

/// A session as it is kept for other gateways, which Node's streams adapter could restore as well:
/// what is ours alone is in its `data`. `s.owner` is set. errc::malformed: it cannot be written,
/// by names that are no UTF-8.
result<std::string> write_kept(const suspended_session& s);
/// nullopt for what a gateway has not written; never throws.
std::optional<suspended_session> read_kept(std::string_view value);

}  // namespace chat_gateway::gateway
