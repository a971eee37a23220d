#include "accept_loop.hpp"

#include <chat_gateway/net/listener.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <utility>

namespace chat_gateway::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using acceptor = asio::basic_socket_acceptor<tcp, executor>;
using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

error_code open(acceptor& a, const tcp::endpoint& where, bool shared) {
    error_code ec;
    a.open(where.protocol(), ec);
    if (!ec) a.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec && shared) a.set_option(reuse_port(true), ec);
    if (!ec) a.bind(where, ec);
    return ec;
}

/// Sockets with SO_REUSEPORT share an address with those of any process of the same user. A name in
/// the abstract namespace, which is the network's own and goes with the process, tells two gateways
/// apart that start at the same moment, and two listeners of one. Where such a name cannot be had
/// for another reason than that it is taken, what the kernel says of the address is all there is.
result<std::shared_ptr<const descriptor>> claim(const std::string& address) {
    descriptor name(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const std::string text = "chat-gateway " + address;
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::memcpy(where.sun_path + 1, text.data(), std::min(text.size(), sizeof where.sun_path - 1));
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
    const bool taken = ::bind(name.get(), reinterpret_cast<const sockaddr*>(&where), size) != 0 &&
                       errno == EADDRINUSE;
    if (taken) return boost::system::errc::make_error_code(boost::system::errc::address_in_use);
    return std::make_shared<const descriptor>(std::move(name));
}

}  // namespace

result<listen_address> listen_address::reserve(const std::string& host, std::uint16_t port) {
    asio::io_context context;
    error_code ec;
    const auto found =
        tcp::resolver(context).resolve(host, std::to_string(port), tcp::resolver::passive, ec);
    if (ec) return ec;
    constexpr int most_tries =
        10;  // a free port may be claimed by somebody who is about to bind it
    for (int tries = 1;; ++tries) {
        // Without SO_REUSEPORT: another process that shares its port in that way is in the way all
        // the same. Not listening: who connects now is to be refused rather than taken and reset.
        acceptor probe(context);
        ec = open(probe, *found.begin(), false);
        if (ec) return ec;
        listen_address out;
        out.address_ = found.begin()->endpoint().address().to_string();
        out.port_ = probe.local_endpoint().port();
        auto claimed = claim(out.text());
        if (!claimed && port == 0 && tries < most_tries) continue;
        if (!claimed) return claimed.error();
        out.claim_ = std::move(*claimed);
        return out;
    }
}

std::string listen_address::text() const {
    const bool v6 = address_.find(':') != address_.npos;
    return (v6 ? '[' + address_ + ']' : address_) + ':' + std::to_string(port_);
}

listener::listener(event_loop& loop, const listen_address& where, accept_handler on_accept)
    : claim_(where.claim_) {
    const tcp::endpoint endpoint(asio::ip::make_address(where.address_), where.port_);
    acceptor opened(loop.context());
    error_code ec = open(opened, endpoint, true);
    if (!ec) opened.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) throw boost::system::system_error(ec, "cannot listen on " + where.text());
    accepting_ = accept_loop::start(
        loop, endpoint.protocol(), descriptor(opened.release()),
        [&loop, kind = endpoint.protocol(), on_accept = std::move(on_accept)](descriptor accepted) {
            set_no_delay(accepted);
            auto peer = connected_socket(loop, kind, std::move(accepted));
            if (peer) on_accept(std::move(*peer));
        });
}

listener::~listener() {
    stop();
}

void listener::stop() {
    accepting_->stop();
    claim_.reset();  // another gateway may take over
}

}  // namespace chat_gateway::net
