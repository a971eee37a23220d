#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace chat_gateway::echo {

inline constexpr std::string_view usage =
    R"(Usage: protocol_echo_server [--port N] [--path PATH] [--ping-interval MS] [--ping-timeout MS]
                            [--connect-timeout MS] [--max-payload BYTES] [--compression] [--help]
)";

struct options {
    std::uint16_t port = 0;  ///< 0: one that is free
    std::string path = "/socket.io";
    std::chrono::milliseconds ping_interval{300};
    std::chrono::milliseconds ping_timeout{200};
    std::chrono::milliseconds connect_timeout{1000};
    std::uint32_t max_payload = 1000000;
    bool compression = false;
    bool help = false;
};

/// What is wrong with the command line, and what is accepted.
struct bad_argument {
    std::string what;
};

/// `--name value` or `--name=value`; of a name given twice the last one counts.
std::variant<options, bad_argument> parse_options(std::span<const char* const> arguments);

}  // namespace chat_gateway::echo
