#pragma once

#include <chat_gateway/app/application.hpp>
#include <chat_gateway/app/config_load.hpp>

#include <string>
#include <variant>

namespace chat_gateway::app {

/// Reads the file, if there is one. A text: the fault line of a file that cannot be read.
std::variant<config_sources, std::string> read_sources(const origin& from, bool demo);

}  // namespace chat_gateway::app
