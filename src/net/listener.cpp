#include "accept_loop.hpp"

#include <chat_gateway/net/listener.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <sys/socket.h>

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

}  // namespace

result<listen_address> listen_address::reserve(const std::string& host, std::uint16_t port) {
    asio::io_context context;
    error_code ec;
    const auto found =
        tcp::resolver(context).resolve(host, std::to_string(port), tcp::resolver::passive, ec);
    if (ec) return ec;
    // Without SO_REUSEPORT: another process that shares its port in that way is in the way all the
    // same. Not listening: who connects now is to be refused rather than taken and reset.
    acceptor probe(context);
    ec = open(probe, *found.begin(), false);
    if (ec) return ec;
    listen_address out;
    out.address_ = found.begin()->endpoint().address().to_string();
    out.port_ = probe.local_endpoint().port();
    return out;
}

std::string listen_address::text() const {
    const bool v6 = address_.find(':') != address_.npos;
    return (v6 ? '[' + address_ + ']' : address_) + ':' + std::to_string(port_);
}

listener::listener(event_loop& loop, const listen_address& where, accept_handler on_accept) {
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
}

}  // namespace chat_gateway::net
