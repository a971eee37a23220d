#include <chat_gateway/base/log.hpp>
#include <chat_gateway/net/listener.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cerrno>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace chat_gateway::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using acceptor = asio::basic_socket_acceptor<tcp, executor>;
using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

/// Accepted in one go before other events get their turn.
constexpr int max_accepts_per_event = 64;
/// Out of descriptors: the connection stays in the backlog until some are free again.
constexpr std::chrono::milliseconds accept_pause{100};

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
    // same.
    acceptor probe(context);
    ec = open(probe, *found.begin(), false);
    if (!ec) probe.listen(1, ec);
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

struct listener::state : std::enable_shared_from_this<listener::state> {
    state(event_loop& l, accept_handler h)
        : loop(l), on_accept(std::move(h)), socket(l.context()) {}

    void wait() {
        socket.async_wait(acceptor::wait_read, [self = shared_from_this()](const error_code& ec) {
            if (!ec) self->accept_ready();
        });
    }

    void accept_ready() {
        for (int n = 0; n < max_accepts_per_event && socket.is_open(); ++n) {
            const int fd =
                ::accept4(socket.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) {
                if (errno == EAGAIN || errno == EWOULDBLOCK) break;
                if (errno == EINTR || errno == ECONNABORTED) continue;
                log::warn(
                    "cannot accept",
                    {{"error", error_code(errno, boost::system::system_category()).message()}});
                loop.after(accept_pause, [weak = weak_from_this()] {
                    if (const auto self = weak.lock(); self && self->socket.is_open()) self->wait();
                });
                return;
            }
            const int on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            stream_socket peer(loop.context());
            error_code ec;
            peer.assign({family, IPPROTO_TCP}, fd, ec);
            if (ec) {
                ::close(fd);
                continue;
            }
            peer.native_non_blocking(true, ec);
            on_accept(std::move(peer));
        }
        if (socket.is_open()) wait();
    }

    event_loop& loop;
    accept_handler on_accept;
    acceptor socket;
    int family = 0;
};

listener::listener(event_loop& loop, const listen_address& where, accept_handler on_accept)
    : state_(std::make_shared<state>(loop, std::move(on_accept))) {
    const tcp::endpoint endpoint(asio::ip::make_address(where.address_), where.port_);
    state_->family = endpoint.protocol().family();
    error_code ec = open(state_->socket, endpoint, true);
    if (!ec) state_->socket.listen(asio::socket_base::max_listen_connections, ec);
    if (!ec) state_->socket.native_non_blocking(true, ec);
    if (ec) throw boost::system::system_error(ec, "cannot listen on " + where.text());
    state_->wait();
}

listener::~listener() {
    stop();
}

void listener::stop() {
    error_code ignored;
    state_->socket.close(ignored);
}

}  // namespace chat_gateway::net
