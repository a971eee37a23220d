#include "engine_impl.hpp"

#include <chat_gateway/base/text.hpp>
#include <chat_gateway/engineio/jsonp.hpp>
#include <chat_gateway/engineio/payload.hpp>

#include <utility>

namespace chat_gateway::server {
namespace {

using engineio::close_reason;
using engineio::request_error;
using engineio::transport;

/// How long a closed session keeps what its poller has not fetched yet (engine.io's own limit).
constexpr std::chrono::seconds linger_time{30};

http::response posted() {
    http::response r;
    r.set("Content-Type", "text/html").set("cache-control", "no-store");
    r.body = "ok";
    return r;
}

}  // namespace

http::response empty_answer(unsigned status) {
    http::response r;
    r.status = status;
    return r;
}

http::response payload_answer(const session_entry& s, std::string payload) {
    http::response r;
    r.set("Content-Type", "text/plain; charset=UTF-8").set("cache-control", "no-store");
    r.body = s.is_jsonp() ? engineio::encode_jsonp(*s.polling->jsonp, payload) : std::move(payload);
    return r;
}

http::response engine::impl::answer_poll(const session_entry& s, std::string payload) {
    counts.polling.bytes_out.add(payload.size());
    return payload_answer(s, std::move(payload));
}

http::response engine::impl::unknown_session() const {
    return admitting ? engine_refusal(request_error::unknown_sid) : not_now();
}

void engine::impl::serve_polling(polling_request r, std::shared_ptr<net::exchange> e) {
    // What is due is done first: a request must not find a session whose time is over.
    if (find(r.sid)) run_deadlines(sessions.handle_at(r.sid.index()), loop.now());
    session_entry* s = find(r.sid);
    if (!s) return e->respond(unknown_session());
    // `websocket` without an upgrade, or another version than the session's.
    if (!r.fits) return e->respond(engine_refusal(request_error::bad_request));
    const slot_handle h = sessions.handle_at(r.sid.index());
    if (s->life.via() == transport::websocket) {
        // A POST that was on its way when the upgrade completed still counts.
        if (r.method != "POST" || r.received > s->life.upgraded_at()) {
            return e->respond(engine_refusal(request_error::bad_request));
        }
    }
    if (r.method == "GET") return serve_get(h, *s, std::move(e));
    if (r.method == "POST") return serve_post(h, *s, r, *e);
    e->respond(empty_answer(500));
}

void engine::impl::serve_get(slot_handle h, session_entry& s, std::shared_ptr<net::exchange> e) {
    if (s.lingering) {
        if (!s.out.empty()) return e->respond(answer_poll(s, s.out.take_payload()));
        e->respond(answer_poll(s,
                               "6\x1e"
                               "1"));
        return erase_lingering(h);
    }
    if (s.holds_poll()) {
        e->respond(empty_answer(400));
        return finish(h, close_reason::transport_error);
    }
    if (!s.out.empty()) return e->respond(answer_poll(s, s.out.take_payload()));
    e->on_abort([this, h, which = e.get()] { poll_aborted(h, which); });
    s.polling_now().held = std::move(e);
    s.life.poll_held(loop.now());
    schedule(h, s);
}

void engine::impl::poll_aborted(slot_handle h, const net::exchange* which) {
    session_entry* s = sessions.find(h);
    if (!s || !s->holds_poll() || s->polling->held.get() != which) return;
    s->polling->held.reset();
    finish(h, close_reason::transport_lost);
}

void engine::impl::serve_post(slot_handle h, session_entry& s, polling_request& r,
                              net::exchange& e) {
    if (s.lingering) return e.respond(posted());
    if (s.posts() && s.life.via() == transport::polling) {
        e.respond(empty_answer(400));
        return posts_overlap(h, s);
    }
    if (r.content_type == "application/octet-stream") {
        e.respond(empty_answer(400));
        return finish(h, close_reason::parse_error);
    }
    if (s.is_jsonp()) {
        auto payload = engineio::decode_jsonp(r.body);
        if (!payload) return e.respond(posted());
        r.body = std::move(*payload);
    }
    // A WebSocket would be closed for it (1007); passed on as text it would close other people's.
    if (!is_valid_utf8(r.body)) {
        apply(h, engineio::session::on_garbage());
        return e.respond(posted());
    }
    const auto decoded = engineio::decode_payload(r.body);
    counts.polling.bytes_in.add(r.body.size());
    counts.polling.packets_in.add(decoded.packets.size());
    for (const auto& packet : decoded.packets) {
        session_entry* open = sessions.find(h);
        if (!open || open->lingering) break;
        apply(h, open->life.on_packet(packet, loop.now()), packet.data, packet.binary);
    }
    session_entry* open = sessions.find(h);
    if (decoded.malformed && open && !open->lingering) apply(h, engineio::session::on_garbage());
    e.respond(posted());
}

void engine::impl::release_poll(session_entry& s, std::string body) {
    if (!s.holds_poll()) return;
    const auto held = std::exchange(s.polling->held, nullptr);
    held->respond(answer_poll(s, std::move(body)));
}

// Orderly ends wait for the poller to fetch what it is owed; the others tell a held GET, or nobody.
void engine::impl::close_polling(session_entry& s, close_reason reason) {
    const bool orderly = reason == close_reason::server_close ||
                         reason == close_reason::connect_timeout ||
                         reason == close_reason::shutting_down;
    if (!orderly) return release_poll(s, reason == close_reason::client_close ? "6" : "1");
    if (s.holds_poll() && s.out.empty()) return release_poll(s, "1");
    if (s.holds_poll()) release_poll(s, s.out.take_payload());
    s.lingering = true;
    s.armed_for = loop.now() + linger_time;
}

}  // namespace chat_gateway::server
