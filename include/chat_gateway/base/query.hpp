#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace chat_gateway {

/// First value of `name` in `a=b&c=d`, decoded as Node's querystring does (`+` is a space, bad
/// escapes stay as they are); nullopt if the name is absent.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

}  // namespace chat_gateway
