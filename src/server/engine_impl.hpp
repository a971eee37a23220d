#pragma once

#include "arriving_post.hpp"
#include "outbox.hpp"
#include "websocket_link.hpp"

#include <chat_gateway/base/slot_map.hpp>
#include <chat_gateway/base/timer_wheel.hpp>
#include <chat_gateway/engineio/request.hpp>
#include <chat_gateway/http/content_coding.hpp>
#include <chat_gateway/net/socket_poller.hpp>
#include <chat_gateway/server/engine.hpp>
#include <chat_gateway/websocket/deflate.hpp>

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace chat_gateway::server {

/// What only a polling session has.
struct polling_side {
    std::shared_ptr<net::exchange> held;     ///< a GET without an answer yet
    std::shared_ptr<arriving_post> posting;  ///< a POST whose body is not complete yet
    std::optional<std::string> jsonp;        ///< its polling is JSONP; the callback's index
};

/// One Engine.IO session as its loop keeps it.
struct session_entry {
    session_entry(const engineio::session_options& o, engineio::transport via, time_point now)
        : life(o, via, now) {}

    engineio::session life;
    public_id sid;
    slot_handle candidate;  ///< the WebSocket that wants to be its transport
    time_point armed_for =
        time_point::max();  ///< when the clock looks at it next; lingering: its end
    // What a message needs, together and at the end: see slot_map::prefetch().
    std::unique_ptr<polling_side> polling;  ///< null when it has nothing to say
    outbox out;
    slot_handle link;  ///< the WebSocket that is its transport
    bool dirty = false;
    bool overflown = false;  ///< more owed than may be kept; closed at the end of the tick
    bool broken = false;     ///< its socket failed while others were being served; likewise
    bool lingering = false;  ///< closed for the application; a poller still fetches what it is owed

    [[nodiscard]] polling_side& polling_now() {
        if (!polling) polling = std::make_unique<polling_side>();
        return *polling;
    }
    [[nodiscard]] bool holds_poll() const { return polling && polling->held; }
    [[nodiscard]] bool posts() const { return polling && polling->posting; }
    [[nodiscard]] bool is_jsonp() const { return polling && polling->jsonp; }
    /// A WebSocket from now on, once the last POST is in.
    void end_polling() {
        if (polling && !polling->held && !polling->posting) polling.reset();
    }
};

/// A polling request, cut loose from its connection so that it can be answered by another loop.
struct polling_request {
    public_id sid;
    bool fits = true;  ///< transport and EIO of the query are those of a polling session
    std::string method;
    std::string content_type;
    std::string body;
    time_point received;
};

/// A WebSocket upgrade for an existing session, likewise.
struct upgrade_request {
    public_id sid;
    std::string accept;                 ///< Sec-WebSocket-Accept
    std::vector<http::header> headers;  ///< CORS
    std::string leftover;
    engineio::transport via = engineio::transport::websocket;  ///< as the query says
    bool v4 = true;                                            ///< so is EIO
    websocket::deflate_terms deflate{};
};

class engine::impl {
public:
    impl(net::event_loop& loop, engine_options o, engine_events& events);

    // engine.cpp: handshakes, the life of sessions, the clock
    void handle(http::request r, std::shared_ptr<net::local_exchange> e);
    void send(slot_handle session, const wire_ref& message);
    void close(slot_handle session, engineio::close_reason reason);
    void connected(slot_handle session);
    [[nodiscard]] bool writable(slot_handle session);
    [[nodiscard]] std::vector<http::header> cors_headers(const http::request& r) const;

    // engine_polling.cpp
    void serve_polling(polling_request r, std::shared_ptr<net::exchange> e);

    // engine_posts.cpp
    std::unique_ptr<net::body_watch> body_begins(const http::request& r,
                                                 std::shared_ptr<net::unfinished_request> u);
    void post_begins(const public_id& sid, const std::shared_ptr<arriving_post>& post);
    [[nodiscard]] http::response unknown_session() const;
    void post_ends(const public_id& sid, const std::shared_ptr<arriving_post>& post, bool lost);

    // engine_websocket.cpp
    void serve_upgrade(net::descriptor socket, upgrade_request r);

    net::event_loop& loop;
    engine_options options;
    std::shared_ptr<const http::cors_policy>
        cors_kept;  ///< what options.cors points to, if it was set later
    engine_events& events;
    std::vector<engine*> peers;
    slot_map<session_entry> sessions;
    std::size_t lingering = 0;  ///< of the sessions, those that are closed for the application
    /// No: sessions that are unknown here may be another gateway's, whose clients were sent there
    /// by a proxy that still sends them here.
    bool admitting = true;
    engine_counts own_counts;
    engine_counts& counts;

private:
    class post_watch;
    struct due_key {
        slot_handle handle;
        bool is_link = false;
    };

    void note_refused(const http::request& r, refused_handshake why);
    void handshake(http::request r, engineio::engine_request request,
                   std::shared_ptr<net::local_exchange> e);
    slot_handle open(engineio::transport via, std::unique_ptr<admission_ticket> ticket);
    void route_polling(http::request r, const public_id& sid, const engineio::engine_request& q,
                       std::shared_ptr<net::local_exchange> e);
    void route_upgrade(const http::request& r, const public_id& sid,
                       const engineio::engine_request& q, std::shared_ptr<net::local_exchange> e);
    void apply(slot_handle h, engineio::step s, std::string_view data = {}, bool binary = false);
    void finish(slot_handle h, engineio::close_reason reason);
    void erase_lingering(slot_handle h);
    void mark_dirty(slot_handle h, session_entry& s);
    void schedule(slot_handle h, session_entry& s);
    void end_tick();
    void flush(slot_handle h);
    void arm_clock();
    void on_clock();
    void run_deadlines(slot_handle h, time_point now);
    session_entry* find(const public_id& sid);
    [[nodiscard]] std::string open_packet(const session_entry& s) const;

    void serve_get(slot_handle h, session_entry& s, std::shared_ptr<net::exchange> e);
    void serve_post(slot_handle h, session_entry& s, polling_request& r, net::exchange& e);
    void posts_overlap(slot_handle h, session_entry& s);
    void release_poll(session_entry& s, std::string body);
    void poll_aborted(slot_handle h, const net::exchange* which);
    void close_polling(session_entry& s, engineio::close_reason reason);

    void attach_new(net::descriptor socket, upgrade_request r, slot_handle session);
    slot_handle add_link(net::descriptor socket, slot_handle session, websocket_link::role role,
                         std::string_view first_bytes, std::string leftover,
                         const websocket::deflate_terms& deflate = {});
    void attach(slot_handle link, session_entry& s);
    void refuse_upgrade(net::descriptor socket, const upgrade_request& r,
                        engineio::request_error why);
    void open_and_close(net::descriptor socket, upgrade_request r);
    void on_ready(slot_handle link, bool readable, bool writable);
    void read_from(slot_handle link);
    bool consume(slot_handle link, std::span<char> bytes);
    void answer_controls(slot_handle link);
    void on_event(slot_handle link, const websocket::event& e);
    void on_message(slot_handle link, const websocket::event& e);
    void upgraded(slot_handle session);
    void link_lost(slot_handle link, engineio::close_reason reason);
    void say_goodbye(slot_handle link, websocket::close_code code);
    void drop_link(slot_handle link);
    void write_link(slot_handle link);
    void note_queue(websocket_link& link, const outbox* out);
    [[nodiscard]] http::response answer_poll(const session_entry& s, std::string payload);
    [[nodiscard]] websocket_link::write_result try_write(slot_handle link, outbox* out);

    slot_map<websocket_link> links_;
    net::socket_poller poller_;
    std::vector<slot_handle> dirty_;
    timer_wheel<due_key> wheel_;
    boost::asio::steady_timer clock_;
    std::optional<time_point> clock_armed_for_;
    std::vector<char> scratch_;
    const wire_ref ping_;
    const std::shared_ptr<void> alive_ = std::make_shared<char>();  ///< for those who outlive it
};

/// Answers on another loop than the one that asked.
std::shared_ptr<net::exchange> make_forwarded_exchange(net::event_loop& origin,
                                                       net::event_loop& here,
                                                       std::shared_ptr<net::exchange> answer);
/// Adds headers to whatever answer comes.
std::shared_ptr<net::exchange> with_headers(std::shared_ptr<net::exchange> inner,
                                            std::vector<http::header> headers);
/// Compresses the body of a successful answer if it is large enough, in that coding.
std::shared_ptr<net::exchange> with_coding(std::shared_ptr<net::exchange> inner,
                                           http::content_coding coding);

http::response engine_refusal(engineio::request_error e);
http::response empty_answer(unsigned status);
/// Another gateway may do: the client comes back, or a proxy passes the request on.
http::response not_now();
/// A polling body as a transport carries it: as it is, or as JSONP.
http::response payload_answer(const session_entry& s, std::string payload);

}  // namespace chat_gateway::server
