#pragma once

#include <chat_gateway/app/settings.hpp>

#include <string>

namespace chat_gateway::app {

/// All values as JSON in the shape of the configuration file, secrets as `***`; ends with a line
/// break.
std::string print_config(const settings& values);

}  // namespace chat_gateway::app
