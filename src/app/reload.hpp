#pragma once

#include <chat_gateway/app/application.hpp>
#include <chat_gateway/app/settings.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::app {

/// What a running gateway makes of its configuration as it is now.
struct reload_plan {
    /// Faults, a line each. If there are any, nothing else counts.
    std::vector<std::string> faults;
    std::vector<std::string> warnings;
    /// The running values, but those of keys that may change are new.
    settings values;
    std::vector<std::string_view> changed;       ///< keys whose new values count at once
    std::vector<std::string_view> need_restart;  ///< keys whose new values do not count yet
};

/// Reads file and environment again. The environment of a process does not change: what it sets
/// stays.
reload_plan plan_reload(const settings& running, const origin& from);

}  // namespace chat_gateway::app
