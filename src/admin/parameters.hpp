#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace chat_gateway::admin {

inline constexpr std::size_t default_limit = 20;
inline constexpr std::size_t most_limit = 1000;
inline constexpr std::string_view limit_fault = "limit is not a number from 1 to 1000";

/// Whose figures are asked for.
enum class scope { gateway, cluster };
inline constexpr std::string_view scope_fault = "scope is neither gateway nor cluster";

/// What a query's `scope` says, `gateway` if it says nothing; nullopt: something else.
[[nodiscard]] std::optional<scope> scope_of(std::string_view query);

/// What a query's `limit` says; nullopt: nothing that is one.
[[nodiscard]] std::optional<std::size_t> limit_of(std::string_view query);

}  // namespace chat_gateway::admin
