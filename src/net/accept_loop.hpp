#pragma once

#include <chat_gateway/net/descriptor.hpp>
#include <chat_gateway/net/event_loop.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace chat_gateway::net {

/// Accepts what comes to a listening socket of any family, a bounded number per event. Lives on its
/// loop; pending waits keep it alive until stop().
class accept_loop : public std::enable_shared_from_this<accept_loop> {
public:
    using protocol = boost::asio::generic::stream_protocol;
    using handler = std::function<void(descriptor)>;  ///< gets a non-blocking socket

    /// Throws boost::system::system_error.
    static std::shared_ptr<accept_loop> start(event_loop& loop, protocol kind, descriptor listening,
                                              handler on_accept);
    void stop();

private:
    accept_loop(event_loop& loop, handler on_accept)
        : loop_(loop), on_accept_(std::move(on_accept)), socket_(loop.context()) {}
    void wait();
    void accept_ready();

    event_loop& loop_;
    handler on_accept_;
    boost::asio::basic_socket_acceptor<protocol, executor> socket_;
};

/// Small packets leave at once (TCP_NODELAY).
void set_no_delay(const descriptor& accepted);

/// An accepted socket in the hands of its loop; nullopt if the system does not let it.
std::optional<stream_socket> connected_socket(event_loop& loop, accept_loop::protocol kind,
                                              descriptor accepted);

}  // namespace chat_gateway::net
