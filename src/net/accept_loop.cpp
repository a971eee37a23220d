#include "accept_loop.hpp"

#include <chat_gateway/base/log.hpp>

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace chat_gateway::net {
namespace {

using boost::system::error_code;

/// Accepted in one go before other events get their turn.
constexpr int max_accepts_per_event = 64;
/// Out of descriptors: the connection stays in the backlog until some are free again.
constexpr std::chrono::milliseconds accept_pause{100};

}  // namespace

std::shared_ptr<accept_loop> accept_loop::start(event_loop& loop, protocol kind,
                                                descriptor listening, handler on_accept) {
    std::shared_ptr<accept_loop> started(new accept_loop(loop, std::move(on_accept)));
    started->socket_.assign(kind, listening.get());
    listening.release();
    started->socket_.native_non_blocking(true);
    started->wait();
    return started;
}

void accept_loop::stop() {
    error_code ignored;
    socket_.close(ignored);
}

void accept_loop::wait() {
    socket_.async_wait(boost::asio::socket_base::wait_read,
                       [self = shared_from_this()](const error_code& ec) {
                           if (!ec) self->accept_ready();
                       });
}

void accept_loop::accept_ready() {
    for (int n = 0; n < max_accepts_per_event && socket_.is_open(); ++n) {
        descriptor accepted(
            ::accept4(socket_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (accepted) {
            on_accept_(std::move(accepted));
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) break;
        if (errno == EINTR || errno == ECONNABORTED) continue;
        log::warn("cannot accept",
                  {{"error", error_code(errno, boost::system::system_category()).message()}});
        loop_.after(accept_pause, [weak = weak_from_this()] {
            if (const auto self = weak.lock(); self && self->socket_.is_open()) self->wait();
        });
        return;
    }
    if (socket_.is_open()) wait();
}

void set_no_delay(const descriptor& accepted) {
    const int on = 1;
    ::setsockopt(accepted.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

std::optional<stream_socket> connected_socket(event_loop& loop, accept_loop::protocol kind,
                                              descriptor accepted) {
    stream_socket socket(loop.context());
    error_code ec;
    socket.assign(kind, accepted.get(), ec);
    if (ec) return std::nullopt;
    accepted.release();
    socket.native_non_blocking(true, ec);
    return socket;
}

}  // namespace chat_gateway::net
