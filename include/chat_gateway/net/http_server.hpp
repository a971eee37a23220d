#pragma once

#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/http/message.hpp>
#include <chat_gateway/net/event_loop.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace chat_gateway::net {

/// A socket that has left HTTP, with what was read beyond the request.
struct detached_socket {
    stream_socket socket;
    std::string leftover;
};

/// One request's answer, given once, now or later, on the connection's loop. Held by whoever will
/// answer; dropped without an answer, the connection is closed.
class exchange {
public:
    virtual ~exchange() = default;
    virtual void respond(http::response r) = 0;
    /// Runs once if the client goes away before the answer; never after respond() or detach().
    virtual void on_abort(unique_function<void()> handler) = 0;
};

/// The exchange of a connection of this loop, which can also hand out its socket (an upgrade).
/// nullopt: the client is gone.
class local_exchange : public exchange {
public:
    virtual std::optional<detached_socket> detach() = 0;
};

class http_handler {
public:
    virtual ~http_handler() = default;
    /// A complete request. Called on the connection's loop.
    virtual void on_request(http::request r, std::shared_ptr<local_exchange> e) = 0;
    /// What to answer when a body is over the limit; `r` has no body. The connection is closed
    /// behind it.
    virtual http::response on_too_large(const http::request& r);
};

struct http_limits {
    std::size_t head_bytes = 16 * 1024;
    std::size_t body_bytes = 1000000;
    std::chrono::milliseconds head_time{10000};  ///< from a head's first byte to its last
    std::chrono::milliseconds body_time{30000};
    std::chrono::milliseconds keep_alive_time{75000};  ///< between two requests
    std::chrono::milliseconds write_time{30000};
};

/// Serves HTTP/1.1 on a connected socket until it closes or is detached. Lives on the loop.
void serve_http(event_loop& loop, stream_socket socket, http_handler& handler,
                const http_limits& limits);

}  // namespace chat_gateway::net
