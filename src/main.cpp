#include <chat_gateway/app/application.hpp>
#include <chat_gateway/app/cli.hpp>
#include <chat_gateway/base/log.hpp>

#include <iostream>
#include <unistd.h>

int main(int argc, char** argv) {
    using namespace chat_gateway;
    const auto variables = app::read_environment(environ);
    const app::cli_result cli = app::run_cli({argv + 1, argv + argc}, variables);
    std::cout << cli.out << std::flush;
    std::cerr << cli.err << std::flush;
    if (cli.exit_code) return *cli.exit_code;
    log::init(cli.values.log.level, cli.values.log.format);
    for (const auto& warning : cli.warnings)
        log::warn("configuration", {{"warning", warning}});
    return app::run_application(cli.values,
                                {.config_file = cli.config_file, .variables = variables});
}
