#pragma once

#include <chat_gateway/app/config_load.hpp>
#include <chat_gateway/app/settings.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace chat_gateway::app {

/// What the command line comes to. main writes `out` and `err`, then leaves with `exit_code` if
/// there is one; otherwise it serves with `values` and logs `warnings`.
struct cli_result {
    std::optional<int> exit_code{};
    std::string out{};
    std::string err{};
    settings values{};
    std::optional<std::string> config_file{};  ///< that `values` come from, among others
    std::vector<std::string> warnings{};
};

/// `arguments` are those after the program's name.
cli_result run_cli(std::span<const char* const> arguments, const environment& variables);

}  // namespace chat_gateway::app
