#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/ids.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/net/descriptor.hpp>
#include <chat_gateway/net/event_loop.hpp>

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <array>
#include <sys/epoll.h>

namespace chat_gateway::net {

/// Tells which of very many sockets are ready. To Asio all of them are one descriptor, so that an
/// idle one costs no heap memory (Asio's own book-keeping takes 280 bytes a socket), and being read
/// from costs no system call to say so again. Lives on its loop.
///
/// A socket that is closed is forgotten by itself; events for it that were fetched already still
/// come, under its handle.
class socket_poller {
public:
    /// `readable`: there is something to read, the end or an error included.
    using ready_handler = unique_function<void(slot_handle who, bool readable, bool writable)>;

    socket_poller(event_loop& loop, ready_handler on_ready);
    socket_poller(const socket_poller&) = delete;
    socket_poller& operator=(const socket_poller&) = delete;

    /// Told of from now on, while there is something to read.
    [[nodiscard]] result<> add(const descriptor& socket, slot_handle who);
    /// Whether to tell when it can be written to as well; off at first.
    void watch_writable(const descriptor& socket, slot_handle who, bool on);

private:
    static constexpr std::size_t events_per_wait = 256;

    void wait();
    void on_ready();

    ready_handler tell_;
    boost::asio::posix::basic_stream_descriptor<executor> epoll_;
    std::array<epoll_event, events_per_wait> events_{};
};

}  // namespace chat_gateway::net
