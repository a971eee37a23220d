#include "shard_impl.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/base/text.hpp>
#include <chat_gateway/chat/client_events.hpp>
#include <chat_gateway/http/cookies.hpp>

#include <algorithm>
#include <utility>

namespace chat_gateway::gateway {
namespace {

/// Of missed messages: what leaves in one write, and as good as always arrives in one read.
constexpr std::size_t max_bytes_ahead_of_connect = 16384;

/// Handshakes that are put off are told of this often.
constexpr std::chrono::seconds put_off_report_interval{5};

http::response not_now() {
    http::response r = server::json_refusal(503, 5, "Service unavailable");
    r.set("Retry-After", "5");
    return r;
}

/// The value of the session cookie; several Cookie headers are one list (RFC 9113 lets proxies
/// split them).
std::optional<std::string> session_cookie(const http::request& r, std::string_view name) {
    std::string all;
    for (const auto& h : r.headers) {
        if (!iequals(h.name, "Cookie")) continue;
        if (!all.empty()) all += "; ";
        all += h.value;
    }
    return http::cookie_value(all, name);
}

}  // namespace

void shard::impl::admit(const http::request& r, unique_function<void(server::admission)> decide) {
    const time_point now = loop_.now();
    std::string client = client_for_log(r);
    auto found = find_place(r, client, now);
    if (auto* refusal = std::get_if<http::response>(&found)) return decide(std::move(*refusal));
    if (const auto verdict = gate_.judge(now); verdict != handshake_gate::verdict::open) {
        return decide(put_off(verdict, client, now));
    }
    ask_.authenticate(
        loop_, session_cookie(r, options_.session_cookie),
        [this, client = std::move(client), decide = std::move(decide), entered = gate_.enter(now),
         place = std::move(std::get<0>(found))](chat::verdict v) mutable {
            auto pass = std::move(entered);  // it ends on this loop, whatever becomes of it
            auto kept = std::move(place);
            if (auto* who = std::get_if<chat::identity>(&v)) {
                if (kept && !kept->belongs_to(who->user_id))
                    return decide(
                        refuse_for(limit_met::connections_per_user, client, who->user_id));
                counts_.add(metric::handshakes_accepted);
                auto ticket = std::make_unique<session_ticket>();
                ticket->who = std::move(*who);
                ticket->pass = std::move(pass);
                ticket->place = std::move(kept);
                ticket->client = std::move(client);
                return decide(std::move(ticket));
            }
            if (const auto* refused = std::get_if<chat::refused>(&v))
                return decide(refuse(*refused, client, std::move(kept)));
            const auto& down = std::get<chat::unavailable>(v);
            counts_.add(metric::handshakes_unavailable);
            log_put_off(down, client);
            decide(not_now());
        });
}

http::response shard::impl::put_off(handshake_gate::verdict why, std::string_view client,
                                    time_point now) {
    const bool slow = why == handshake_gate::verdict::too_slow;
    const char* const reason = slow ? "too_slow" : "too_many";
    log::debug("handshake put off", {{"reason", reason}, {"client", client}});
    counts_.add(slow ? metric::handshakes_too_slow : metric::handshakes_too_many);
    ++put_off_.since_then;
    if (!put_off_.last || now - *put_off_.last >= put_off_report_interval) {
        using std::chrono::milliseconds;
        log::warn(
            "handshakes put off",
            {{"reason", reason},
             {"count", std::exchange(put_off_.since_then, 0)},
             {"under_way", gate_.size()},
             {"longest_ms", std::chrono::duration_cast<milliseconds>(gate_.longest(now)).count()}});
        put_off_.last = now;
    }
    return not_now();
}

void shard::impl::on_open(slot_handle session, const public_id& sid,
                          std::unique_ptr<server::admission_ticket> ticket,
                          engineio::transport via) {
    auto& admitted = static_cast<session_ticket&>(*ticket);
    if (!admitted.who) return open_refused(session, std::move(admitted.place), via);
    if (sockets_.size() <= session.index) {
        sockets_.resize(session.index + 1U);
        connected_.resize(sockets_.size());
    }
    if (ask_.keeps_sessions()) {
        kept_.resize(sockets_.size());
        kept_[session.index] = {};
        if (!std::exchange(keeps_, true)) keep_on_time();
    }
    auto s = std::make_unique<chat_socket>();
    s->session = session;
    enter_user(*s, *admitted.who);
    s->pass = std::move(admitted.pass);
    if (admitted.place || options_.events_per_socket_per_s != 0) {
        s->limits = std::make_unique<chat_socket::limited>();
        s->limits->place = std::move(admitted.place);
    }
    s->id = public_id::make(sid.shard(), session.index);
    s->opened = loop_.now();
    s->websocket = via == engineio::transport::websocket;
    counts_.add(metric::sessions_open);
    if (s->websocket) counts_.add(metric::websocket_sessions_open);
    log::debug("session opened", {{"connection", s->id.text()},
                                  {"user", s->user},
                                  {"client", admitted.client},
                                  {"transport", s->websocket ? "websocket" : "polling"}});
    load_chats(*s);  // now, not when CONNECT comes
    sockets_[session.index] = std::move(s);
}

void shard::impl::on_upgrade(slot_handle session) {
    if (auto* refused = refused_.find(session)) return upgrade_refused(*refused);
    chat_socket* s = find(session);
    if (!s) return;
    s->websocket = true;
    counts_.add(metric::upgrades);
    counts_.add(metric::websocket_sessions_open);
}

void shard::impl::on_close(slot_handle session, close_reason reason) {
    if (const auto* refused = refused_.find(session)) return close_refused(*refused, reason);
    chat_socket* s = find(session);
    if (!s) return;
    if (recoverable(*s, reason)) {
        ask_.suspend(state_of(*s));
        if (!kept_.empty()) kept_[session.index] = {};
    }
    const std::string connection = s->id.text();  // the next line makes it another
    leave_everything(*s);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(loop_.now() - s->opened);
    count_closed(s->websocket, reason, seconds);
    log::debug("session closed", {{"connection", connection},
                                  {"user", s->user},
                                  {"reason", engineio::to_string(reason)},
                                  {"seconds", seconds.count()}});
    leave_user(*s, reason);
    sockets_[session.index].reset();
}

void shard::impl::on_message(slot_handle session, std::string_view data, bool binary) {
    chat_socket* s = find(session);
    if (!s) return answer_refused(session, data, binary);
    run(session, binary ? s->protocol.on_binary(data) : s->protocol.on_text(data));
}

void shard::impl::run(slot_handle session, std::vector<socketio::client_action> actions) {
    for (auto& action : actions) {
        chat_socket* s = find(session);
        if (!s) return;
        std::visit([&](auto&& a) { on_action(*s, std::move(a)); }, std::move(action));
    }
}

void shard::impl::on_action(chat_socket& s, socketio::connect_request&& r) {
    if (r.nsp != chat_namespace) {
        s.protocol.refuse(r.nsp);
        return send(s, socketio::connect_error(r.nsp, "Invalid namespace"));
    }
    s.connect_wanted = true;
    if (auto claim = ask_.recovers() ? socketio::claim_of(r.auth) : std::nullopt)
        begin_return(s, std::move(*claim));
    // A socket that left the namespace and comes back starts from the chat list again.
    if (!s.entering) load_chats(s);
    try_connect(s);
}

void shard::impl::on_action(chat_socket& s, socketio::client_left&& l) {
    if (l.nsp != chat_namespace) return;
    log::debug("socket left", {{"connection", s.id.text()}, {"user", s.user}});
    leave_everything(s);
}

void shard::impl::on_action(chat_socket& s, const socketio::protocol_error& e) {
    log::debug("malformed packet",
               {{"connection", s.id.text()}, {"user", s.user}, {"what", e.what}});
    engine_.close(s.session, close_reason::parse_error);
}

void shard::impl::on_action(chat_socket& s, socketio::client_event&& e) {
    if (!may_send_event(s)) return;
    const bool join = e.name == chat::join_event;
    if (!join && e.name != chat::leave_event) {
        counts_.add(metric::events_unknown);
        log::debug("unknown event", {{"connection", s.id.text()},
                                     {"user", s.user},
                                     {"event", std::string_view(e.name).substr(0, 64)}});
        return;
    }
    counts_.add(join ? metric::events_join : metric::events_leave);
    auto chat = chat::chat_id_of(e.args);
    if (!chat) {
        counts_.add(metric::events_malformed);
        log::debug("malformed event",
                   {{"connection", s.id.text()}, {"user", s.user}, {"event", e.name}});
        return acknowledge(s, e.id);
    }
    if (join) return join_asked(s, std::move(*chat), std::move(e.id));
    leave_asked(s, *chat);
    acknowledge(s, e.id);
}

void shard::impl::try_connect(chat_socket& s, const delivery_batch& missed) {
    if (!s.connect_wanted || !s.rooms_ready || s.connected) return;
    if (s.back) return go_on_returning(s);
    s.connected = true;
    connected_[s.session.index] = s.session.generation;
    s.connect_wanted = false;
    counts_.add(metric::sockets_connected);
    engine_.connected(s.session);
    std::string pid;
    if (ask_.recovers()) {
        if (!s.recovered) {
            s.pid = public_id::make(options_.engine.shard, s.session.index);
            s.start = std::max(s.start, position_);
        }
        pid = s.pid.text();
    }
    // Missed messages go ahead of the answer, as Node sends them: the client keeps them until it
    // has come. A client that loses its connection before that has them, but not their offsets, and
    // would get them twice; so what does not leave in one piece goes behind the answer.
    std::size_t bytes = 0;
    for (const auto& d : missed)
        bytes += d->bytes();
    const bool ahead = bytes <= max_bytes_ahead_of_connect;
    keep(s);
    if (ahead) send_missed(s, missed);
    send(s, socketio::connect_reply(chat_namespace, s.id.text(), pid));
    if (!ahead) send_missed(s, missed);
    run(s.session, s.protocol.accept(chat_namespace));
}

void shard::impl::leave_everything(chat_socket& s) {
    stop_keeping(s);
    if (s.load != 0) ask_.cancel_load(std::exchange(s.load, 0));
    std::vector<left_room> emptied;
    counts_.subtract(metric::rooms_joined, rooms_.rooms_of_count(s.session.index));
    rooms_.leave_all(s.session.index,
                     [&](std::string_view room, const socketio::room_index::tally& so_far) {
                         emptied.push_back({std::string(room), so_far});
                     });
    if (std::exchange(s.own_room_held, false)) emptied.push_back({s.id.text()});
    if (s.connected) counts_.subtract(metric::sockets_connected);
    if (s.recovered) recovered_.erase(s.pid.text());
    if (!kept_.empty()) kept_[s.session.index] = {};
    s.connected = s.connect_wanted = s.rooms_ready = s.entering = s.recovered = false;
    connected_[s.session.index] = 0;
    s.start = 0;
    s.since_connect.reset();
    s.back.reset();
    s.id = public_id::make(options_.engine.shard, s.session.index);  // each CONNECT gets its own
    if (!emptied.empty()) ask_.release(options_.engine.shard, std::move(emptied));
    s.waiting.reset();
    s.pass.reset();
    ++s.life;
}

/// The list is made anew only when it is through: with very many sessions a wave is a small part.
drain_state shard::impl::close_some(std::size_t most) {
    while (most != 0 && engine_.session_count() != 0) {
        if (leaving_.empty()) leaving_ = engine_.sessions();
        const slot_handle next = leaving_.back();
        leaving_.pop_back();
        const std::size_t before = engine_.session_count();
        engine_.close(next, close_reason::shutting_down);
        if (engine_.session_count() != before) --most;  // else it had gone by itself
    }
    return {.sessions = engine_.session_count(),
            .lingering = engine_.lingering_count(),
            .handshakes = gate_.size()};
}

shard::shard(net::event_loop& loop, shard_options o, services& ask, metrics& counts)
    : impl_(std::make_unique<impl>(loop, std::move(o), ask, counts)) {}
shard::~shard() = default;
server::engine& shard::engine() {
    return impl_->engine_;
}
net::event_loop& shard::loop() {
    return impl_->loop_;
}
services::shard_calls shard::calls() {
    impl* const i = impl_.get();
    return {
        .deliver = [i](const delivery_batch& batch) { i->deliver(batch); },
        .let_go = [i](const std::string& pid, const std::string& user) { i->let_go(pid, user); },
        .on_request =
            [i](socketio::cluster::request r, impl::answer_function answer) {
                i->on_request(std::move(r), std::move(answer));
            },
        .disconnect_user =
            [i](const std::string& user, const std::optional<std::string>& session) {
                return i->disconnect_user(user, session);
            },
        .sockets_of_user = [i](const std::string& user) { return i->sockets_of_user(user); },
        .add_stats = [i](std::size_t from, std::size_t most,
                         connection_stats& sum) { return i->add_stats(from, most, sum); },
        .users_of = [i](const std::vector<std::uint64_t>& hashes) { return i->users_of(hashes); },
        .figures_of = [i](const std::vector<std::string>& rooms) { return i->figures_of(rooms); },
        .reached = [i](std::uint64_t position) { i->reached(position); },
        .lost_messages = [i] { i->lost_messages(); },
    };
}
void shard::set_limits(shard_limits l) {
    impl_->set_limits(std::move(l));
}
void shard::begin_drain(bool refuse) {
    impl_->draining_ = true;
    if (refuse) impl_->engine_.stop_admitting();
}
drain_state shard::close_some(std::size_t most) {
    return impl_->close_some(most);
}

}  // namespace chat_gateway::gateway
