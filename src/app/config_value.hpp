#pragma once

#include <chat_gateway/app/config_table.hpp>
#include <chat_gateway/app/settings.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace chat_gateway::app {

/// A key's value on its way between the outside and settings.
using config_value = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;

enum class value_kind { boolean, integer, text, list };  // in config_value's order

value_kind kind_of(const config_key& key);

config_value read_value(const config_key& key, const settings& from);
config_value default_value(const config_key& key);
/// `value` is of the key's kind and has passed check_value.
void store_value(const config_key& key, const config_value& value, settings& into);

/// nullopt if it is of another kind. What is an integer but fits no int64 comes back as the largest
/// of them.
std::optional<config_value> value_from_json(const config_key& key,
                                            const nlohmann::ordered_json& json);
nlohmann::ordered_json value_to_json(const config_value& value);

/// The member of nested objects that `path` names, made if it is not there.
nlohmann::ordered_json& member_at(nlohmann::ordered_json& root, std::string_view path);

/// From an environment variable, where a list is comma-separated. nullopt if it is of another kind.
std::optional<config_value> value_from_text(const config_key& key, std::string_view text);

}  // namespace chat_gateway::app
