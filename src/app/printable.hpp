#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

/// Text from outside as part of a fault line: always one line of ASCII, and a short one.
namespace chat_gateway::app {

/// A scalar as JSON; of a list or an object only that it is one.
std::string printable(const nlohmann::ordered_json& value);

/// A key's name as part of a path; in quotes if it could be taken for something else.
std::string path_segment(std::string_view name);

}  // namespace chat_gateway::app
