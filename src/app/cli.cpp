#include "config_sources.hpp"

#include <chat_gateway/app/cli.hpp>
#include <chat_gateway/app/config_print.hpp>

#include <string_view>
#include <utility>
#include <variant>

namespace chat_gateway::app {
namespace {

constexpr int clean = 0;
constexpr int bad_configuration = 1;

constexpr std::string_view usage =
    R"(Usage: chat-gateway [--config FILE] [--demo] [--check-config] [--print-config] [--version] [--help]

  --config FILE   read the configuration from FILE; without it no file is read
  --demo          keep sessions, chats and bus in memory and serve a chat page at /
  --check-config  report every fault of the configuration, then exit with 0 (none) or 1
  --print-config  print the effective configuration as JSON without its secrets, then exit
  --version       print the version, then exit
  --help          print this text, then exit

Environment variables named CHAT_GATEWAY_... go over the file: CHAT_GATEWAY_SERVER_PORT is server.port.
SESSION_SECRET, REDIS_URL, DATABASE_URL and PORT work as well.
Exit codes: 0 clean stop, 1 bad configuration or command line, 2 could not start.
)";

struct options {
    std::optional<std::string> config;
    bool demo = false;
    bool check = false;
    bool print = false;
    bool version = false;
    bool help = false;
};

/// A problem's text in `problem`, if there is one.
options parse(std::span<const char* const> arguments, std::string& problem) {
    options o;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        if (argument == "--config") {
            if (++i == arguments.size()) {
                problem = "--config needs a file";
                break;
            }
            o.config = arguments[i];
        } else if (argument.starts_with("--config=")) {
            o.config = argument.substr(argument.find('=') + 1);
        } else if (argument == "--demo") {
            o.demo = true;
        } else if (argument == "--check-config") {
            o.check = true;
        } else if (argument == "--print-config") {
            o.print = true;
        } else if (argument == "--version") {
            o.version = true;
        } else if (argument == "--help") {
            o.help = true;
        } else {
            problem = "unknown argument " + std::string(argument);
            break;
        }
    }
    return o;
}

cli_result leave(int exit_code, std::string out, std::string err) {
    return {.exit_code = exit_code, .out = std::move(out), .err = std::move(err)};
}

std::string lines(std::string_view prefix, const std::vector<std::string>& texts) {
    std::string all;
    for (const auto& text : texts)
        all += std::string(prefix) + text + '\n';
    return all;
}

cli_result configure(const options& o, const environment& variables) {
    const auto sources = read_sources({.config_file = o.config, .variables = variables}, o.demo);
    if (const auto* fault = std::get_if<std::string>(&sources))
        return leave(bad_configuration, "", *fault + '\n');
    auto loaded = load_config(std::get<config_sources>(sources));
    const bool only_print = o.print && !o.check;
    // What is not there does not keep the rest from being printed.
    const std::size_t bearable = only_print ? loaded.missing : 0;
    if (loaded.faults.size() > bearable)
        return leave(bad_configuration, "", lines("", loaded.faults));
    if (o.check || o.print) {
        return leave(clean, o.print ? print_config(loaded.values) : "",
                     lines("warning: ", loaded.faults) + lines("warning: ", loaded.warnings));
    }
    return {.values = std::move(loaded.values),
            .config_file = o.config,
            .warnings = std::move(loaded.warnings)};
}

}  // namespace

cli_result run_cli(std::span<const char* const> arguments, const environment& variables) {
    std::string problem;
    const auto o = parse(arguments, problem);
    if (!problem.empty()) {
        return leave(bad_configuration, "", "chat-gateway: " + problem + "\n" + std::string(usage));
    }
    if (o.help) return leave(clean, std::string(usage), "");
    if (o.version) return leave(clean, "chat-gateway " CHAT_GATEWAY_VERSION "\n", "");
    return configure(o, variables);
}

}  // namespace chat_gateway::app
