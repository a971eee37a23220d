#pragma once

#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/http/message.hpp>
#include <chat_gateway/http/request_head.hpp>
#include <chat_gateway/net/descriptor.hpp>
#include <chat_gateway/net/event_loop.hpp>

#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace chat_gateway::net {

/// A socket that has left HTTP, with what was read beyond the request.
struct detached_socket {
    descriptor socket;
    std::string leftover;
};

/// One request's answer, given once, now or later, on the connection's loop. Held by whoever will
/// answer; dropped without an answer, the connection is closed.
class exchange {
public:
    virtual ~exchange() = default;
    virtual void respond(http::response r) = 0;
    /// Runs once if the client goes away before the answer; never after respond() or detach(). A
    /// client that sends no more counts as gone to whoever has set this; nobody having done so, it
    /// still gets its answer.
    virtual void on_abort(unique_function<void()> handler) = 0;
};

/// The exchange of a connection of this loop, which can also hand out its socket (an upgrade).
/// nullopt: the client is gone.
class local_exchange : public exchange {
public:
    virtual std::optional<detached_socket> detach() = 0;
};

/// A request whose body is still arriving, for whoever will not wait for the rest. Used on the
/// connection's loop; without effect once the body is complete or the connection gone.
class unfinished_request {
public:
    virtual ~unfinished_request() = default;
    virtual void refuse(http::response r) = 0;  ///< answers now, and closes behind it
    virtual void drop() = 0;                    ///< closes without an answer
    /// The answer does not depend on the body: it is read and thrown away, and the request comes
    /// without one.
    virtual void ignore_body() = 0;
};

/// What a handler knows of a body while it arrives. The connection owns it; destroyed without
/// settle() it says that the body will never be complete: the client went away, stalled, sent no
/// HTTP, or was refused or dropped.
class body_watch {
public:
    virtual ~body_watch() = default;
    /// The body is complete, and on_request follows at once; or it grew over the limit, and
    /// on_unusable_body has been asked for a refusal (413).
    virtual void settle() = 0;
};

class http_handler {
public:
    virtual ~http_handler() = default;
    /// The head of `r` is complete, its body is not. Called on the connection's loop. Null: nobody
    /// wants to know.
    virtual std::unique_ptr<body_watch> on_body_begins(const http::request& r,
                                                       std::shared_ptr<unfinished_request> u);
    /// A complete request. Called on the connection's loop.
    virtual void on_request(http::request r, std::shared_ptr<local_exchange> e) = 0;
    /// What to answer when a body is over the limit (413), not one (400) or too slow (408); `r` has
    /// none, or a part of it. The connection is closed behind it.
    virtual http::response on_unusable_body(const http::request& r, unsigned status);
};

struct http_limits {
    http::head_limits head{};
    std::size_t body_bytes = 1000000;
    std::chrono::milliseconds head_time{10000};  ///< from a head's first byte to its last: 408
    std::chrono::milliseconds body_time{30000};  ///< from the head's end to the body's: 408
    std::chrono::milliseconds keep_alive_time{75000};  ///< between two requests
    std::chrono::milliseconds write_time{30000};
};

/// The HTTP connections of one loop, so that they can be brought to an end. Lives on that loop,
/// from before the first of them.
class http_connections {
public:
    /// One of them; it leaves the list by itself.
    class member : public boost::intrusive::list_base_hook<
                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    public:
        virtual ~member() = default;
        virtual void wind_down() = 0;
    };

    void add(member& m) { all_.push_back(m); }
    /// From now on every answer closes its connection, and those that wait for a further request
    /// are closed. One that has not sent its first request yet may still do so.
    void wind_down();
    [[nodiscard]] bool winding_down() const { return winding_down_; }

private:
    boost::intrusive::list<member, boost::intrusive::constant_time_size<false>> all_;
    bool winding_down_ = false;
};

/// Serves HTTP/1.1 on a connected socket until it closes or is detached: requests one after the
/// other, pipelined ones too, answered in their order. What is refused, and how, stands in
/// docs/http.md; such an answer has no body and closes the connection. Lives on the loop, one of
/// `among` if that is given.
void serve_http(event_loop& loop, stream_socket socket, http_handler& handler,
                const http_limits& limits, http_connections* among = nullptr);

}  // namespace chat_gateway::net
