#include "engine_impl.hpp"

#include <chat_gateway/base/query.hpp>
#include <chat_gateway/base/text.hpp>
#include <chat_gateway/net/descriptor.hpp>
#include <chat_gateway/server/engine.hpp>
#include <chat_gateway/websocket/handshake.hpp>

#include <algorithm>
#include <utility>

namespace chat_gateway::server {
namespace {

using engineio::act;
using engineio::close_reason;
using engineio::request_error;
using engineio::transport;

/// Frames up to this much in sum are copied together into one send().
constexpr std::size_t scratch_size = 64 * 1024;
/// A healthy socket that is owed this much within one tick is written to at once.
constexpr std::size_t early_flush_bytes = 64 * 1024;
constexpr std::string_view retry_after_seconds = "5";

/// What is wrong with the WebSocket part of an upgrade; empty if nothing.
std::string_view websocket_fault(const http::request& r) {
    if (!iequals(r.get("Upgrade"), "websocket")) return "Invalid Upgrade header";
    const auto version = r.get("Sec-WebSocket-Version");
    if (version != "13" && version != "8") return "Missing or invalid Sec-WebSocket-Version header";
    if (!websocket::is_valid_key(r.get("Sec-WebSocket-Key")))
        return "Missing or invalid Sec-WebSocket-Key header";
    return {};
}

http::response plain_refusal(unsigned status, std::string_view text) {
    http::response r;
    r.status = status;
    r.set("Content-Type", "text/html");
    r.body = text;
    r.close = true;
    return r;
}

/// Agreed upon only if that is switched on; otherwise offers are not looked at.
websocket::deflate_terms deflate_terms_of(const http::request& r, const engine_options& o) {
    if (!o.compression) return {};
    return websocket::negotiate_deflate(r.all("Sec-WebSocket-Extensions"));
}

/// An upgrade's refusal is the bare message, as Node writes it to the socket.
http::response refusal_for(request_error e, bool upgrade) {
    return upgrade ? plain_refusal(400, engineio::message_of(e)) : engine_refusal(e);
}

}  // namespace

http::response not_now() {
    http::response r = json_refusal(503, 5, "Service unavailable");
    r.set("Retry-After", std::string(retry_after_seconds));
    r.close = true;
    return r;
}

http::response json_refusal(unsigned status, int code, std::string_view message) {
    http::response r;
    r.status = status;
    r.set("Content-Type", "application/json");
    r.body = "{\"code\":" + std::to_string(code) + ",\"message\":\"" + std::string(message) + "\"}";
    return r;
}

http::response engine_refusal(request_error e) {
    http::response r;
    r.status = 400;
    r.set("Content-Type", "application/json");
    r.body = engineio::error_body(e);
    return r;
}

engine::impl::impl(net::event_loop& l, engine_options o, engine_events& ev)
    : loop(l),
      options(std::move(o)),
      events(ev),
      counts(options.counts ? *options.counts : own_counts),
      poller_(l, [this](slot_handle link, bool readable,
                        bool writable) { on_ready(link, readable, writable); }),
      wheel_(l.now()),
      clock_(l.context()),
      scratch_(scratch_size),
      ping_(wire_bytes::text_packet(engineio::packet_type::ping, {})) {
    loop.at_end_of_tick([this] { end_tick(); });
}

std::vector<http::header> engine::impl::cors_headers(const http::request& r) const {
    std::vector<http::header> headers;
    if (options.cors) options.cors->add_headers(r, headers);
    return headers;
}

/// Of a request that would have been a handshake; one for a session is another matter.
void engine::impl::note_refused(const http::request& r, refused_handshake why) {
    if (query_value(r.query, "sid").value_or("").empty()) events.on_refused(r, why);
}

void engine::impl::handle(http::request r, std::shared_ptr<net::local_exchange> e) {
    if (options.cors) {
        if (r.method == "OPTIONS") return e->respond(options.cors->preflight(r));
        if (!options.cors->allows(r)) {
            note_refused(r, refused_handshake::origin);
            http::response refusal = json_refusal(403, 4, "Forbidden");
            refusal.close = r.upgrade;
            return with_headers(e, cors_headers(r))->respond(std::move(refusal));
        }
    }
    const auto parsed = engineio::parse_request({.method = r.method,
                                                 .query = r.query,
                                                 .upgrade = r.upgrade,
                                                 .allow_polling = options.allow_polling,
                                                 .allow_websocket = options.allow_websocket});
    if (const auto* error = std::get_if<request_error>(&parsed)) {
        note_refused(r, refused_handshake::malformed);
        return with_headers(e, cors_headers(r))->respond(refusal_for(*error, r.upgrade));
    }
    const auto& request = std::get<engineio::engine_request>(parsed);
    // An offer of another protocol (h2c) is no affair of polling's: RFC 9110 lets it be ignored.
    if (request.via == transport::polling && !iequals(r.get("Upgrade"), "websocket"))
        r.upgrade = false;
    if (r.upgrade) {
        if (r.method != "GET") {
            note_refused(r, refused_handshake::malformed);
            return with_headers(e, cors_headers(r))
                ->respond(refusal_for(request_error::bad_request, true));
        }
        if (const auto fault = websocket_fault(r); !fault.empty()) {
            note_refused(r, refused_handshake::malformed);
            return with_headers(e, cors_headers(r))->respond(plain_refusal(400, fault));
        }
        if (deflate_terms_of(r, options).malformed) {
            note_refused(r, refused_handshake::malformed);
            return with_headers(e, cors_headers(r))
                ->respond(
                    plain_refusal(400, "Invalid or unacceptable Sec-WebSocket-Extensions header"));
        }
    }
    if (request.sid.empty() && r.upgrade && request.via == transport::polling) {
        // A WebSocket for the transport that has none: it opens no session, so nobody is asked.
        upgrade_request r101{
            {}, websocket::accept_key(r.get("Sec-WebSocket-Key")), cors_headers(r), {}};
        if (auto detached = e->detach())
            open_and_close(std::move(detached->socket), std::move(r101));
        return;
    }
    if (request.sid.empty()) return handshake(std::move(r), request, std::move(e));

    const auto sid = public_id::parse(request.sid);
    if (!sid || sid->shard() >= peers.size()) {
        return with_headers(e, cors_headers(r))
            ->respond(admitting ? refusal_for(request_error::unknown_sid, r.upgrade) : not_now());
    }
    if (r.upgrade) return route_upgrade(r, *sid, request, std::move(e));
    route_polling(std::move(r), *sid, request, std::move(e));
}

void engine::impl::route_polling(http::request r, const public_id& sid,
                                 const engineio::engine_request& q,
                                 std::shared_ptr<net::local_exchange> e) {
    auto answer = with_headers(std::move(e), cors_headers(r));
    if (options.compression && r.method == "GET") {
        answer = with_coding(std::move(answer), http::preferred_coding(r.all("Accept-Encoding")));
    }
    polling_request request{sid,
                            q.via == transport::polling && q.v4,
                            std::move(r.method),
                            std::string(r.get("Content-Type")),
                            std::move(r.body),
                            r.received};
    impl& owner = *peers[sid.shard()]->impl_;
    if (&owner == this) return serve_polling(std::move(request), std::move(answer));
    auto forwarded = make_forwarded_exchange(loop, owner.loop, std::move(answer));
    owner.loop.post(
        [&owner, request = std::move(request), forwarded = std::move(forwarded)]() mutable {
            owner.serve_polling(std::move(request), std::move(forwarded));
        });
}

void engine::impl::route_upgrade(const http::request& r, const public_id& sid,
                                 const engineio::engine_request& q,
                                 std::shared_ptr<net::local_exchange> e) {
    upgrade_request request{
        sid, websocket::accept_key(r.get("Sec-WebSocket-Key")), cors_headers(r), {}, q.via, q.v4};
    request.deflate = deflate_terms_of(r, options);
    auto detached = e->detach();
    if (!detached) return;
    request.leftover = std::move(detached->leftover);
    impl& owner = *peers[sid.shard()]->impl_;
    if (&owner == this) return serve_upgrade(std::move(detached->socket), std::move(request));

    owner.loop.post(
        [&owner, socket = std::move(detached->socket), request = std::move(request)]() mutable {
            owner.serve_upgrade(std::move(socket), std::move(request));
        });
}

void engine::impl::handshake(http::request r, engineio::engine_request request,
                             std::shared_ptr<net::local_exchange> e) {
    const transport via = request.via;
    auto headers = cors_headers(r);
    if (!admitting) {
        note_refused(r, refused_handshake::draining);
        return with_headers(std::move(e), std::move(headers))->respond(not_now());
    }
    const auto gone = std::make_shared<bool>(false);
    e->on_abort([gone] { *gone = true; });
    upgrade_request upgrade;
    if (via == transport::websocket) {
        upgrade.accept = websocket::accept_key(r.get("Sec-WebSocket-Key"));
        upgrade.deflate = deflate_terms_of(r, options);
    }

    events.admit(
        r, [this, via, jsonp = std::move(request.jsonp), gone, e = std::move(e),
            headers = std::move(headers), upgrade = std::move(upgrade)](admission decided) mutable {
            if (*gone) return;
            if (auto* refusal = std::get_if<http::response>(&decided)) {
                refusal->close = refusal->close || via == transport::websocket;
                return with_headers(std::move(e), std::move(headers))->respond(std::move(*refusal));
            }
            auto& ticket = std::get<std::unique_ptr<admission_ticket>>(decided);
            // The drain may have begun while the stores were asked.
            if (!admitting || sessions.next_index() > public_id::max_index) {
                return with_headers(std::move(e), std::move(headers))->respond(not_now());
            }
            if (via == transport::websocket) {
                auto detached = e->detach();
                if (!detached) return;
                upgrade.headers = std::move(headers);
                upgrade.leftover = std::move(detached->leftover);
                return attach_new(std::move(detached->socket), std::move(upgrade),
                                  open(via, std::move(ticket)));
            }
            session_entry& s = *sessions.find(open(via, std::move(ticket)));
            if (jsonp) s.polling_now().jsonp = std::move(*jsonp);
            with_headers(std::move(e), std::move(headers))->respond(answer_poll(s, open_packet(s)));
        });
}

slot_handle engine::impl::open(transport via, std::unique_ptr<admission_ticket> ticket) {
    const auto sid = public_id::make(options.shard, sessions.next_index());
    const slot_handle h = sessions.emplace(options.session, via, loop.now());
    session_entry& s = *sessions.find(h);
    s.sid = sid;
    schedule(h, s);
    events.on_open(h, sid, std::move(ticket), via);
    return h;
}

std::string engine::impl::open_packet(const session_entry& s) const {
    const std::string sid = s.sid.text();
    return engineio::encode_open(
        {.sid = sid,
         .offer_websocket = s.life.via() == transport::polling && options.allow_websocket,
         .ping_interval_ms = static_cast<std::uint32_t>(options.session.ping_interval.count()),
         .ping_timeout_ms = static_cast<std::uint32_t>(options.session.ping_timeout.count()),
         .max_payload = options.max_payload});
}

session_entry* engine::impl::find(const public_id& sid) {
    session_entry* s = sid.shard() == options.shard ? sessions.at_index(sid.index()) : nullptr;
    return s && s->sid == sid ? s : nullptr;
}

void engine::impl::apply(slot_handle h, engineio::step step, std::string_view data, bool binary) {
    session_entry* s = sessions.find(h);
    if (!s) return;
    switch (step.what) {
        case act::none:
            break;
        case act::deliver:
            events.on_message(h, data, binary);
            break;
        case act::send_ping:
            send(h, ping_);
            break;
        case act::answer_probe:
            if (auto* candidate = links_.find(s->candidate)) {
                candidate->queue(
                    wire_bytes::text_packet(engineio::packet_type::pong, "probe").frame());
            }
            release_poll(*s, "6");
            break;
        case act::upgraded:
            upgraded(h);
            break;
        case act::drop_candidate:
            counts.upgrades_given_up.add();
            say_goodbye(std::exchange(s->candidate, {}), websocket::close_code::none);
            break;
        case act::release_poll:
            release_poll(*s, "6");
            break;
        case act::close:
            finish(h, step.reason);
            break;
    }
    if ((s = sessions.find(h)) && !s->lingering) schedule(h, *s);
}

void engine::impl::send(slot_handle h, const wire_ref& message) {
    session_entry* s = sessions.find(h);
    if (!s || s->lingering || s->overflown || s->broken) return;
    s->out.push(message);
    (s->link ? counts.websocket : counts.polling).packets_out.add();
    mark_dirty(h, *s);
    if (s->out.bytes() < std::min(early_flush_bytes, options.send_queue_bytes)) return;
    // The caller may be walking a room: whatever is found out here is acted upon at the end of the
    // tick.
    if (s->holds_poll()) return release_poll(*s, s->out.take_payload());
    if (auto* link = links_.find(s->link); link && !link->waits_writable) {
        s->broken = try_write(s->link, &s->out) == websocket_link::write_result::failed;
    }
    s->overflown = s->out.bytes() > options.send_queue_bytes;
}

bool engine::impl::writable(slot_handle h) {
    const auto* s = sessions.find(h);
    if (!s || s->lingering || s->overflown || s->broken) return false;
    if (const auto* link = links_.find(s->link)) return !link->waits_writable;
    return s->holds_poll();
}

void engine::impl::connected(slot_handle h) {
    if (auto* s = sessions.find(h)) s->life.connected();
}

void engine::impl::close(slot_handle h, close_reason reason) {
    if (auto* s = sessions.find(h); s && !s->lingering) finish(h, reason);
}

void engine::impl::finish(slot_handle h, close_reason reason) {
    session_entry& s = *sessions.find(h);
    if (s.candidate) say_goodbye(std::exchange(s.candidate, {}), websocket::close_code::none);
    if (const slot_handle link = std::exchange(s.link, {})) {
        if (auto* l = links_.find(link)) {
            if (reason == close_reason::slow_consumer || s.broken) {
                drop_link(link);
            } else {
                l->queue_behind(s.out);  // what is owed, and the rest of a frame that was begun
                say_goodbye(link, websocket::close_code::none);
            }
        }
    } else {
        close_polling(s, reason);
    }
    if (s.lingering) {
        ++lingering;
        wheel_.add({h, false}, s.armed_for);
    } else {
        sessions.erase(h);
    }
    events.on_close(h, reason);
}

void engine::impl::erase_lingering(slot_handle h) {
    --lingering;
    sessions.erase(h);
}

void engine::impl::mark_dirty(slot_handle h, session_entry& s) {
    if (std::exchange(s.dirty, true)) return;
    dirty_.push_back(h);
    if (s.link) links_.prefetch(s.link.index);  // flush() writes there
}

void engine::impl::end_tick() {
    // Closing one session may make others dirty: they are served in the same round.
    for (std::size_t i = 0; i < dirty_.size(); ++i)
        flush(dirty_[i]);
    dirty_.clear();
    if (dirty_.capacity() > 65536) dirty_.shrink_to_fit();
    arm_clock();
}

void engine::impl::flush(slot_handle h) {
    session_entry* s = sessions.find(h);
    if (!s) return;
    s->dirty = false;
    if (s->lingering) return;
    if (s->overflown) return finish(h, close_reason::slow_consumer);
    if (s->broken) return finish(h, close_reason::transport_lost);
    if (s->link) return write_link(s->link);
    if (s->holds_poll() && !s->out.empty()) release_poll(*s, s->out.take_payload());
}

void engine::impl::schedule(slot_handle h, session_entry& s) {
    const time_point next = s.life.next_deadline();
    if (next >= s.armed_for) return;
    s.armed_for = next;
    wheel_.add({h, false}, next);
}

void engine::impl::arm_clock() {
    const auto next = wheel_.next();
    if (!next || (clock_armed_for_ && *clock_armed_for_ <= *next)) return;
    clock_armed_for_ = next;
    clock_.expires_at(*next);
    clock_.async_wait([this](const boost::system::error_code& ec) {
        if (!ec) on_clock();
    });
}

void engine::impl::on_clock() {
    clock_armed_for_.reset();
    const time_point now = loop.now();
    wheel_.advance(now, [&](const due_key& due) {
        if (due.is_link) return drop_link(due.handle);
        session_entry* s = sessions.find(due.handle);
        if (!s) return;
        if (s->lingering) {
            if (now >= s->armed_for) erase_lingering(due.handle);
            return;
        }
        // An entry that was overtaken by an earlier one ends here; the one in force re-arms.
        if (now < s->armed_for) return;
        s->armed_for = time_point::max();
        run_deadlines(due.handle, now);
    });
}

void engine::impl::run_deadlines(slot_handle h, time_point now) {
    for (;;) {
        session_entry* s = sessions.find(h);
        if (!s || s->lingering) return;
        const auto step = s->life.on_deadline(now);
        if (step.what == act::none) return schedule(h, *s);
        apply(h, step);
    }
}

engine::engine(net::event_loop& loop, engine_options o, engine_events& events)
    : impl_(std::make_unique<impl>(loop, std::move(o), events)) {
    impl_->peers.assign(impl_->options.shard + 1U, this);
}
engine::~engine() = default;
void engine::set_peers(std::vector<engine*> by_shard) {
    impl_->peers = std::move(by_shard);
}
void engine::handle(http::request r, std::shared_ptr<net::local_exchange> e) {
    impl_->handle(std::move(r), std::move(e));
}
http::response engine::unusable_body(const http::request& r, unsigned status) const {
    http::response refusal;
    refusal.status = status;
    refusal.headers = impl_->cors_headers(r);
    return refusal;
}
std::vector<http::header> engine::cors_headers(const http::request& r) const {
    return impl_->cors_headers(r);
}
std::unique_ptr<net::body_watch> engine::body_begins(const http::request& r,
                                                     std::shared_ptr<net::unfinished_request> u) {
    return impl_->body_begins(r, std::move(u));
}
void engine::send(slot_handle session, const wire_ref& message) {
    impl_->send(session, message);
}
void engine::expect(std::uint32_t session_index) {
    impl_->sessions.prefetch(session_index);
}
bool engine::writable(slot_handle session) {
    return impl_->writable(session);
}
void engine::connected(slot_handle session) {
    impl_->connected(session);
}
void engine::close(slot_handle session, close_reason reason) {
    impl_->close(session, reason);
}
void engine::stop_admitting() {
    impl_->admitting = false;
}
std::vector<slot_handle> engine::sessions() {
    auto open = impl_->sessions.handles();
    std::erase_if(open, [&](slot_handle h) { return impl_->sessions.find(h)->lingering; });
    return open;
}
std::size_t engine::session_count() const {
    return impl_->sessions.size() - impl_->lingering;
}
std::size_t engine::lingering_count() const {
    return impl_->lingering;
}
void engine::set_cors(std::shared_ptr<const http::cors_policy> policy) {
    impl_->options.cors = policy.get();
    impl_->cors_kept = std::move(policy);
}
void engine::set_send_queue(std::size_t bytes) {
    impl_->options.send_queue_bytes = bytes;
}

}  // namespace chat_gateway::server
