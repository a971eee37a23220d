#pragma once

#include "config_value.hpp"

#include <chat_gateway/app/config_table.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::app {

/// What is wrong with a value of the right kind, a phrase each: `70000 is out of range`. Secrets
/// are not repeated.
std::vector<std::string> check_value(const config_key& key, const config_value& value);

/// For a value of a wrong kind: `"x" is not an integer`.
std::string wrong_kind(const config_key& key, const nlohmann::ordered_json& value);

/// What a key accepts, in words: `an integer from 0 to 65535`.
std::string accepted_values(const config_key& key);

struct joint_fault {
    std::vector<std::string_view> keys;  ///< those it is about, first the one to blame
    std::string problem;
    std::string accepted;
    bool missing = false;  ///< nothing is wrong with what was said
};

/// Faults of values that are right one by one.
std::vector<joint_fault> check_together(const settings& values);

/// What is allowed and may not be meant, a line each.
std::vector<std::string> doubts_about(const settings& values);

}  // namespace chat_gateway::app
