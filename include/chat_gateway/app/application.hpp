#pragma once

#include <chat_gateway/app/settings.hpp>

namespace chat_gateway::app {

/// Builds the gateway that the settings describe and serves until it is told to stop. Returns the
/// process's exit code: 0 after SIGTERM or SIGINT, 2 if it could not start (the reason is on the
/// log).
int run_application(const settings& s);

}  // namespace chat_gateway::app
