#include "engine_impl.hpp"

#include <chat_gateway/base/text.hpp>
#include <chat_gateway/engineio/payload.hpp>
#include <chat_gateway/websocket/frame_encoder.hpp>

#include <cerrno>
#include <sys/socket.h>
#include <utility>

namespace chat_gateway::server {
namespace {

using engineio::close_reason;
using engineio::request_error;
using websocket::close_code;
using write_result = websocket_link::write_result;
using role = websocket_link::role;

/// Before others get their turn.
constexpr int max_reads_per_event = 4;
/// Pongs and the like owed to a peer that does not read.
constexpr std::size_t max_own_bytes = 64 * 1024;
/// For the peer's half of the closing handshake.
constexpr std::chrono::seconds goodbye_time{5};

void append_headers(std::string& head, const std::vector<http::header>& headers) {
    for (const auto& h : headers)
        head.append(h.name).append(": ").append(h.value).append("\r\n");
}

std::string switching_protocols(const upgrade_request& r) {
    std::string head =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
        "Upgrade\r\nSec-WebSocket-Accept: " +
        r.accept + "\r\n";
    if (r.deflate.agreed())
        head.append("Sec-WebSocket-Extensions: ").append(r.deflate.answer).append("\r\n");
    append_headers(head, r.headers);
    return head + "\r\n";
}

}  // namespace

void engine::impl::serve_upgrade(net::descriptor socket, upgrade_request r) {
    session_entry* s = find(r.sid);
    if (!s || s->lingering) return refuse_upgrade(std::move(socket), r, request_error::unknown_sid);
    if (!r.v4) return refuse_upgrade(std::move(socket), r, request_error::bad_request);
    // A session has one WebSocket at most; the first is untouched.
    if (r.via != engineio::transport::websocket || !s->life.begin_upgrade(loop.now())) {
        counts.upgrades_refused.add();
        return open_and_close(std::move(socket), std::move(r));
    }
    const slot_handle h = sessions.handle_at(r.sid.index());
    add_link(std::move(socket), h, role::candidate, switching_protocols(r), std::move(r.leftover),
             r.deflate);
    if ((s = sessions.find(h))) schedule(h, *s);
}

void engine::impl::attach_new(net::descriptor socket, upgrade_request r, slot_handle h) {
    session_entry* s = sessions.find(h);
    if (!s) return;
    const std::string open = open_packet(*s);
    std::string first = switching_protocols(r);
    first += websocket::encode_frame(websocket::opcode::text, open);
    add_link(std::move(socket), h, role::attached, first, std::move(r.leftover), r.deflate);
}

/// What Node does with a WebSocket that is right in form and that its session has no use for.
void engine::impl::open_and_close(net::descriptor socket, upgrade_request r) {
    const slot_handle link = add_link(
        std::move(socket), {}, role::closing,
        switching_protocols(r) + websocket::encode_close(close_code::none), std::move(r.leftover));
    if (links_.find(link)) wheel_.add({link, true}, loop.now() + goodbye_time);
}

void engine::impl::refuse_upgrade(net::descriptor socket, const upgrade_request& r,
                                  request_error why) {
    counts.upgrades_refused.add();
    http::response later = not_now();
    const bool here = admitting || why != request_error::unknown_sid;
    const std::string_view text = here ? engineio::message_of(why) : later.body;
    std::string refusal =
        here ? "HTTP/1.1 400 Bad Request\r\n" : "HTTP/1.1 503 Service Unavailable\r\n";
    append_headers(refusal, r.headers);
    if (!here) append_headers(refusal, later.headers);
    refusal += std::string(here ? "Content-Type: text/html\r\n" : "") +
               "Connection: close\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" +
               std::string(text);
    const slot_handle link = add_link(std::move(socket), {}, role::closing, refusal, {});
    if (auto* l = links_.find(link)) {
        l->shut();
        wheel_.add({link, true}, loop.now() + goodbye_time);
    }
}

slot_handle engine::impl::add_link(net::descriptor socket, slot_handle session, role r,
                                   std::string_view first_bytes, std::string leftover,
                                   const websocket::deflate_terms& deflate) {
    using compression = websocket::frame_parser::compression;
    const slot_handle h = links_.emplace(
        std::move(socket), session, r,
        websocket::frame_parser(options.max_payload,
                                deflate.agreed() ? compression::deflate : compression::none));
    auto& link = *links_.find(h);
    link.takes_deflate = deflate.send;
    if (r == role::attached) attach(h, *sessions.find(session));
    if (r == role::candidate) sessions.find(session)->candidate = h;
    link.queue(first_bytes);
    if (!poller_.add(link.socket, h)) {
        link_lost(h, close_reason::transport_error);
        return h;
    }
    write_link(h);
    if (!leftover.empty()) consume(h, leftover);
    return h;
}

/// From now on the session's outbox is emptied into this link.
void engine::impl::attach(slot_handle h, session_entry& s) {
    s.link = h;
    auto* link = links_.find(h);
    if (!link) return;
    link->now = role::attached;
    if (link->takes_deflate) s.out.use_deflate();
}

void engine::impl::on_ready(slot_handle h, bool readable, bool writable) {
    auto* link = links_.find(h);
    if (!link) return;
    if (writable && link->waits_writable) {
        link->waits_writable = false;
        counts.blocked.subtract();
        write_link(h);
        if (!(link = links_.find(h))) return;
        if (!link->waits_writable) poller_.watch_writable(link->socket, h, false);
    }
    if (readable) read_from(h);
}

void engine::impl::read_from(slot_handle h) {
    auto& buffer = loop.receive_buffer();
    for (int n = 0; n < max_reads_per_event; ++n) {
        auto* link = links_.find(h);
        if (!link) return;
        const ssize_t got = ::recv(link->socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) return link_lost(h, close_reason::transport_lost);
        counts.websocket.bytes_in.add(static_cast<std::uint64_t>(got));
        if (!consume(h, {buffer.data(), static_cast<std::size_t>(got)})) return;
        if (static_cast<std::size_t>(got) < buffer.size()) return;
    }
}

/// False: the link is gone. Answers to control frames leave together.
bool engine::impl::consume(slot_handle h, std::span<char> bytes) {
    auto* link = links_.find(h);
    if (!link) return false;
    link->parser.feed(bytes);
    while ((link = links_.find(h))) {
        const auto event = link->parser.next();
        if (!event) break;
        on_event(h, *event);
        if ((link = links_.find(h)) && link->queued() > max_own_bytes) answer_controls(h);
    }
    if (link && link->queued() != 0) answer_controls(h);
    return links_.find(h) != nullptr;
}

void engine::impl::answer_controls(slot_handle h) {
    write_link(h);
    const auto* link = links_.find(h);
    if (!link || link->now == role::closing || link->queued() <= max_own_bytes) return;
    link_lost(h, close_reason::transport_error);
}

void engine::impl::on_event(slot_handle h, const websocket::event& e) {
    using kind = websocket::event::kind;
    websocket_link& link = *links_.find(h);
    switch (e.what) {
        case kind::text:
        case kind::binary:
            return on_message(h, e);
        case kind::ping:
            if (link.now == role::closing) return;
            return link.queue(websocket::encode_frame(websocket::opcode::pong, e.payload));
        case kind::pong:
            return;
        case kind::close:
        case kind::error: {
            const bool error = e.what == kind::error;
            if (link.now == role::closing) return drop_link(h);  // the answer to our close
            const slot_handle session = link.session;
            const bool attached = link.now == role::attached;
            session_entry* s = sessions.find(session);
            if (s && attached) {
                link.queue_behind(s->out);
                s->link = {};
            } else if (s && link.now == role::candidate) {
                counts.upgrades_lost.add();
                s->candidate = {};
                s->life.candidate_lost();
            }
            (error ? link.shut_when_written : link.close_when_written) = true;
            say_goodbye(h, e.code);
            if (s && attached)
                finish(session, error ? close_reason::transport_error : close_reason::client_close);
            return;
        }
    }
}

void engine::impl::on_message(slot_handle h, const websocket::event& e) {
    const websocket_link& link = *links_.find(h);
    session_entry* s = sessions.find(link.session);
    if (link.now == role::closing || !s) return;
    const slot_handle session = link.session;
    if (link.now == role::candidate) {
        const auto packet = e.what == websocket::event::kind::text
                                ? engineio::decode_packet(e.payload)
                                : std::nullopt;
        // Whatever is no probe ends the attempt, garbage too.
        counts.websocket.packets_in.add();
        return apply(session,
                     s->life.on_candidate_packet(packet.value_or(engineio::packet{}), loop.now()));
    }
    counts.websocket.packets_in.add();
    if (e.what == websocket::event::kind::binary)
        return apply(session, {engineio::act::deliver, {}}, e.payload, true);
    if (e.payload.starts_with('b')) {
        return apply(session, {engineio::act::deliver, {}},
                     base64_decode_lenient(e.payload.substr(1)), true);
    }
    const auto packet = engineio::decode_packet(e.payload);
    if (!packet) return apply(session, engineio::session::on_garbage());
    apply(session, s->life.on_packet(*packet, loop.now()), packet->data);
}

void engine::impl::upgraded(slot_handle h) {
    session_entry& s = *sessions.find(h);
    attach(std::exchange(s.candidate, {}), s);
    release_poll(s, "1");  // no client of ours: theirs let the poll end before they send `5`
    s.end_polling();
    if (!s.out.empty()) mark_dirty(h, s);
    events.on_upgrade(h);
}

void engine::impl::link_lost(slot_handle h, close_reason reason) {
    const auto* link = links_.find(h);
    if (!link) return;
    const slot_handle session = link->session;
    const role was = link->now;
    drop_link(h);
    session_entry* s = sessions.find(session);
    if (!s) return;
    if (was == role::candidate && s->candidate == h) {
        counts.upgrades_lost.add();
        s->candidate = {};
        s->life.candidate_lost();
    } else if (was == role::attached && s->link == h) {
        s->link = {};
        finish(session, reason);
    }
}

/// Sends what is queued and a close frame, and gives the peer a while for its own.
void engine::impl::say_goodbye(slot_handle h, close_code code) {
    auto* link = links_.find(h);
    if (!link) return;
    link->now = role::closing;
    link->session = {};
    link->queue(websocket::encode_close(code));
    wheel_.add({h, true}, loop.now() + goodbye_time);
    write_link(h);
}

void engine::impl::drop_link(slot_handle h) {
    if (const auto* link = links_.find(h)) {
        if (link->waits_writable) counts.blocked.subtract();
        counts.queued_bytes.subtract(link->counted);
    }
    links_.erase(h);
}

void engine::impl::write_link(slot_handle h) {
    auto* link = links_.find(h);
    if (!link) return;
    session_entry* s = link->now == role::attached ? sessions.find(link->session) : nullptr;
    if (link->waits_writable) return note_queue(*link, s ? &s->out : nullptr);
    switch (try_write(h, s ? &s->out : nullptr)) {
        case write_result::done:
            if (link->close_when_written) return drop_link(h);
            if (link->shut_when_written) link->shut();
            return;
        case write_result::blocked:
            return;
        case write_result::failed:
            return link_lost(h, close_reason::transport_lost);
    }
}

/// Only what is owed to one that is blocked counts: all else leaves in this tick.
void engine::impl::note_queue(websocket_link& link, const outbox* out) {
    const std::size_t owed = link.waits_writable ? link.queued() + (out ? out->bytes() : 0) : 0;
    if (owed == link.counted) return;
    counts.queued_bytes.add(owed - link.counted);
    link.counted = static_cast<std::uint32_t>(owed);
}

write_result engine::impl::try_write(slot_handle h, outbox* out) {
    websocket_link& link = *links_.find(h);
    const auto owed = [&] { return link.queued() + (out ? out->bytes() : 0); };
    const std::size_t before = owed();
    const auto r = link.write(out, scratch_);
    counts.websocket.bytes_out.add(before - owed());
    if (r == write_result::blocked && !std::exchange(link.waits_writable, true)) {
        counts.blocked.add();
        poller_.watch_writable(link.socket, h, true);
    }
    note_queue(link, out);
    return r;
}

}  // namespace chat_gateway::server
