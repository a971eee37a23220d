#pragma once

#include <chat_gateway/app/settings.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace chat_gateway::app {

using environment = std::map<std::string, std::string>;

/// From a null-terminated array of `NAME=value`, as main gets it.
environment read_environment(const char* const* variables);

struct config_file {
    std::string name;  ///< for fault lines
    std::string text;
};

/// Where a configuration comes from; a later one goes over an earlier one.
struct config_sources {
    std::optional<config_file> file{};
    environment variables{};
    bool demo = false;
};

struct loaded_config {
    settings values;  ///< to be used only if there are no faults
    /// One line each: key path, what is wrong, what is accepted, where it was said. Never a secret.
    std::vector<std::string> faults;
    std::size_t missing = 0;  ///< of the faults: that something is not there
    /// One line each: what was asked for and will not happen. For start-up to log.
    std::vector<std::string> warnings;
};

/// Reads and checks everything, and goes on after a fault, so that all of them are told at once.
loaded_config load_config(const config_sources& sources);

}  // namespace chat_gateway::app
