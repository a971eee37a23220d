#pragma once

#include <chat_gateway/app/config_load.hpp>
#include <chat_gateway/net/inherited_listener.hpp>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace chat_gateway::app {

/// Listening sockets that the process was started with, by the names that FileDescriptorName= of
/// their units gives them.
struct inherited_sockets {
    std::vector<net::inherited_socket> open;     ///< `public`: TCP, AF_UNIX, as many as there are
    std::optional<net::inherited_socket> admin;  ///< `admin`
};

/// Those that LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES tell of (sd_listen_fds(3)); none if they
/// are another process's. A text: what is wrong with them.
std::variant<inherited_sockets, std::string> take_inherited_sockets(const environment& variables);

}  // namespace chat_gateway::app
