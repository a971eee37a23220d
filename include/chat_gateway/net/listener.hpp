#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/net/descriptor.hpp>
#include <chat_gateway/net/event_loop.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace chat_gateway::net {

class accept_loop;

/// A listening TCP socket, bound once per loop to the same address (SO_REUSEPORT), so that the
/// kernel spreads clients.
class listen_address {
public:
    /// Resolves `host`, finds out whether the port is free, and keeps it for this object and the
    /// listeners made of it; port 0 takes a free one. The error is the system's.
    static result<listen_address> reserve(const std::string& host, std::uint16_t port);
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string text() const;

private:
    friend class listener;
    std::string address_;
    std::uint16_t port_ = 0;
    std::shared_ptr<const descriptor> claim_;
};

/// Accepts on its loop. Ends with stop() or its destruction, both on that loop or while it does not
/// run.
class listener {
public:
    using accept_handler = std::function<void(stream_socket)>;

    /// Throws boost::system::system_error if the address cannot be bound.
    listener(event_loop& loop, const listen_address& where, accept_handler on_accept);
    ~listener();
    void stop();

private:
    std::shared_ptr<const descriptor> claim_;  ///< of the address
    std::shared_ptr<accept_loop> accepting_;
};

}  // namespace chat_gateway::net
