#include <chat_gateway/net/socket_poller.hpp>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace chat_gateway::net {
namespace {

using boost::system::error_code;

error_code last_error() {
    return {errno, boost::system::system_category()};
}

int new_epoll() {
    const int fd = ::epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) throw boost::system::system_error(last_error(), "epoll_create1");
    return fd;
}

epoll_event interest(slot_handle who, std::uint32_t events) {
    epoll_event e{};
    e.events = events;
    e.data.u64 = std::uint64_t{who.generation} << 32 | who.index;
    return e;
}

slot_handle whose(const epoll_event& e) {
    return {static_cast<std::uint32_t>(e.data.u64), static_cast<std::uint32_t>(e.data.u64 >> 32)};
}

}  // namespace

socket_poller::socket_poller(event_loop& loop, ready_handler on_ready)
    : tell_(std::move(on_ready)), epoll_(loop.context(), new_epoll()) {
    wait();
}

result<> socket_poller::add(const descriptor& socket, slot_handle who) {
    epoll_event wanted = interest(who, EPOLLIN);
    if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, socket.get(), &wanted) != 0)
        return last_error();
    return {};
}

void socket_poller::watch_writable(const descriptor& socket, slot_handle who, bool on) {
    epoll_event wanted = interest(who, on ? EPOLLIN | EPOLLOUT : EPOLLIN);
    // It is in the set since add(), so this cannot fail.
    ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_MOD, socket.get(), &wanted);
}

void socket_poller::wait() {
    epoll_.async_wait(boost::asio::posix::descriptor_base::wait_read, [this](const error_code& ec) {
        if (!ec) on_ready();
    });
}

void socket_poller::on_ready() {
    const int n =
        ::epoll_wait(epoll_.native_handle(), events_.data(), static_cast<int>(events_.size()), 0);
    for (int i = 0; i < n; ++i) {
        const epoll_event& e = events_[static_cast<std::size_t>(i)];
        tell_(whose(e), (e.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0,
              (e.events & EPOLLOUT) != 0);
    }
    wait();
}

}  // namespace chat_gateway::net
