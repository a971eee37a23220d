#pragma once

#include <chat_gateway/net/event_loop.hpp>

#include <functional>

namespace chat_gateway::net {

/// A loop that gets a share of what one listening socket accepts.
struct accepting_loop {
    event_loop* loop;
    std::function<void(stream_socket)> on_accept;  ///< called on that loop
};

}  // namespace chat_gateway::net
