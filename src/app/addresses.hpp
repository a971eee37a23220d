#pragma once

#include "socket_activation.hpp"

#include <chat_gateway/app/settings.hpp>
#include <chat_gateway/net/listener.hpp>
#include <chat_gateway/net/unix_listener.hpp>

#include <optional>
#include <string>

namespace chat_gateway::app {

/// Where the gateway listens. The TCP ports are free, and not listened on yet; the AF_UNIX socket
/// is there already.
struct addresses {
    std::optional<net::listen_address> tcp;
    std::optional<net::unix_socket> unix_domain;
    std::optional<net::listen_address> admin;
    /// In place of those that the settings name: of the public ones, for each family.
    inherited_sockets inherited;

    /// Those of the public listener: `0.0.0.0:7000, unix:/path`.
    [[nodiscard]] std::string public_text() const;
    [[nodiscard]] std::string admin_text() const;
};

/// All of them, or nullopt; then the log says which cannot be had, and why.
std::optional<addresses> open_addresses(const settings& s, const environment& variables);

}  // namespace chat_gateway::app
