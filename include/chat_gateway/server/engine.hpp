#pragma once

#include <chat_gateway/base/ids.hpp>
#include <chat_gateway/engineio/session.hpp>
#include <chat_gateway/http/cors.hpp>
#include <chat_gateway/http/message.hpp>
#include <chat_gateway/net/event_loop.hpp>
#include <chat_gateway/net/http_server.hpp>
#include <chat_gateway/server/engine_counts.hpp>
#include <chat_gateway/server/wire_packet.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Engine.IO v4 sessions on event loops: what lies between bytes and messages. Knows neither
/// Socket.IO nor chat.
namespace chat_gateway::server {

/// What an application keeps of an admitted handshake until its session opens.
class admission_ticket {
public:
    virtual ~admission_ticket() = default;
};
using admission = std::variant<std::unique_ptr<admission_ticket>, http::response>;

/// Why the application was not asked about a handshake.
enum class refused_handshake : std::uint8_t {
    origin,     ///< cors does not allow it
    malformed,  ///< no handshake of this version: transport, method, EIO, WebSocket headers
    draining,   ///< none is taken any more
};

/// The application above an engine. Called on the engine's loop, only.
class engine_events {
public:
    virtual ~engine_events() = default;
    /// A handshake that is right in form. Answer once, now or later. A refusal gets its CORS
    /// headers from the engine.
    virtual void admit(const http::request& r, unique_function<void(admission)> decide) = 0;
    /// The engine has refused one by itself.
    virtual void on_refused(const http::request& /*r*/, refused_handshake /*why*/) {}
    /// The client has got, or is about to get, its open packet.
    virtual void on_open(slot_handle session, const public_id& sid,
                         std::unique_ptr<admission_ticket> ticket, engineio::transport via) = 0;
    /// `data` views a buffer that is reused.
    virtual void on_message(slot_handle session, std::string_view data, bool binary) = 0;
    virtual void on_upgrade(slot_handle session) = 0;
    /// Once per on_open; the handle is already dead for engine calls.
    virtual void on_close(slot_handle session, engineio::close_reason reason) = 0;
};

struct engine_options {
    engineio::session_options session;
    std::uint32_t max_payload = 1000000;
    bool allow_polling = true;
    bool allow_websocket = true;
    /// permessage-deflate with clients that offer it, gzip or deflate of polling answers that are
    /// large enough. What send() is given is compressed by whoever makes it (wire_bytes).
    bool compression = false;
    std::size_t send_queue_bytes = 1048576;
    const http::cors_policy* cors = nullptr;  ///< null: every origin may, no CORS headers
    std::uint8_t shard = 0;
    engine_counts* counts = nullptr;  ///< outlives the engine; null: nobody wants to know
};

/// The Engine.IO server of one loop. All calls on that loop. Engines that know each other
/// (set_peers) pass on requests and sockets for sessions of another loop.
class engine {
public:
    engine(net::event_loop& loop, engine_options o, engine_events& events);
    ~engine();
    /// All engines of the process, by shard, this one included. Before the loops run.
    void set_peers(std::vector<engine*> by_shard);

    /// A request to the Engine.IO path.
    void handle(http::request r, std::shared_ptr<net::local_exchange> e);
    /// The answer to a request whose body cannot be used; see net::http_handler. The session of one
    /// over max_payload lives on.
    [[nodiscard]] http::response unusable_body(const http::request& r, unsigned status) const;

    /// A request of that path whose body is still arriving: a session takes one POST at a time, and
    /// ends with one that is not completed.
    std::unique_ptr<net::body_watch> body_begins(const http::request& r,
                                                 std::shared_ptr<net::unfinished_request> u);

    /// Queues a message; it leaves at the end of the tick. Unknown sessions are ignored. A session
    /// owed more than send_queue_bytes is closed as a slow consumer.
    void send(slot_handle session, const wire_ref& message);
    /// send() to the session with this index is about to follow: a hint.
    void expect(std::uint32_t session_index);
    /// Whether what is sent now would leave in this tick: its WebSocket takes bytes, or a GET is
    /// held.
    [[nodiscard]] bool writable(slot_handle session);
    /// A namespace is joined: the session is here to stay.
    void connected(slot_handle session);
    /// Ends the session after what it is owed has been sent; on_close follows, from inside the
    /// call.
    void close(slot_handle session, engineio::close_reason reason);

    /// No further handshakes: they get 503. Sessions go on.
    void stop_admitting();
    /// Those that are open for the application.
    [[nodiscard]] std::vector<slot_handle> sessions();
    [[nodiscard]] std::size_t session_count() const;
    /// Closed for the application; their pollers still fetch what they are owed.
    [[nodiscard]] std::size_t lingering_count() const;

    /// What an answer to `r` carries for the page that asks, whoever gives it.
    [[nodiscard]] std::vector<http::header> cors_headers(const http::request& r) const;
    /// Instead of the option of that name; from the next request on.
    void set_cors(std::shared_ptr<const http::cors_policy> policy);
    /// Likewise; a session that is owed more is closed when it is sent something.
    void set_send_queue(std::size_t bytes);

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

/// `{"code":..,"message":..}` with status and JSON content type.
http::response json_refusal(unsigned status, int code, std::string_view message);

}  // namespace chat_gateway::server
