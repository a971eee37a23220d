#pragma once

#include <chat_gateway/app/config_load.hpp>
#include <chat_gateway/app/settings.hpp>

#include <optional>
#include <string>

namespace chat_gateway::app {

/// Where a process' settings come from, and what its service manager has to say.
struct origin {
    std::optional<std::string> config_file{};
    environment variables{};
};

/// Builds the gateway that the settings describe and serves until it is told to stop; SIGHUP has it
/// read them again from where they came. Returns the process's exit code: 0 after SIGTERM or
/// SIGINT, 2 if it could not start (the reason is on the log).
int run_application(const settings& s, const origin& from);

}  // namespace chat_gateway::app
