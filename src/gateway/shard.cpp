#include "chat_socket.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/base/text.hpp>
#include <chat_gateway/chat/client_events.hpp>
#include <chat_gateway/gateway/shard.hpp>
#include <chat_gateway/http/cookies.hpp>
#include <chat_gateway/socketio/room_index.hpp>

#include <algorithm>
#include <utility>

namespace chat_gateway::gateway {
namespace {

using engineio::close_reason;
using server::wire_bytes;
using server::wire_ref;
using socketio::member_id;

/// Permission questions of one socket that may be under way at a time.
constexpr std::uint32_t max_questions = 64;
/// Chats left while the list is late; whoever leaves more of them gets no list at all.
constexpr std::size_t max_left_remembered = 1000;
constexpr std::string_view chat_namespace = "/";

class identity_ticket final : public server::admission_ticket {
public:
    explicit identity_ticket(chat::identity i) : who(std::move(i)) {}
    chat::identity who;
};

metric counter_of(chat::refusal r) {
    switch (r) {
        case chat::refusal::no_cookie:
            return metric::handshakes_no_cookie;
        case chat::refusal::bad_signature:
            return metric::handshakes_bad_signature;
        case chat::refusal::no_session:
            return metric::handshakes_no_session;
        case chat::refusal::bad_record:
            return metric::handshakes_bad_record;
        case chat::refusal::not_logged_in:
            return metric::handshakes_not_logged_in;
        case chat::refusal::inactive_user:
            return metric::handshakes_inactive_user;
    }
    return metric::handshakes_no_cookie;
}

metric counter_of(close_reason r) {
    return static_cast<metric>(static_cast<std::size_t>(metric::closed_client_close) +
                               static_cast<std::size_t>(r));
}
static_assert(static_cast<std::size_t>(metric::closed_shutting_down) -
                  static_cast<std::size_t>(metric::closed_client_close) ==
              static_cast<std::size_t>(close_reason::shutting_down));

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

class shard::impl final : public server::engine_events {
public:
    impl(net::event_loop& loop, shard_options o, services& ask, metrics& counts)
        : loop_(loop),
          options_(std::move(o)),
          ask_(ask),
          counts_(counts.make_block()),
          engine_(loop, options_.engine, *this) {}

    void admit(const http::request& r, unique_function<void(server::admission)> decide) override;
    void on_open(slot_handle session, const public_id& sid,
                 std::unique_ptr<server::admission_ticket> ticket,
                 engineio::transport via) override;
    void on_message(slot_handle session, std::string_view data, bool binary) override;
    void on_upgrade(slot_handle session) override;
    void on_close(slot_handle session, close_reason reason) override;

    void deliver(const delivery_batch& batch);

    net::event_loop& loop_;
    const shard_options options_;
    services& ask_;
    metrics_block& counts_;
    server::engine engine_;

private:
    chat_socket* find(slot_handle session) {
        if (session.index >= sockets_.size()) return nullptr;
        chat_socket* s = sockets_[session.index].get();
        return s && s->session == session ? s : nullptr;
    }
    /// The same, if it still is in the namespace connection that a question was asked for.
    chat_socket* find(slot_handle session, std::uint32_t life) {
        chat_socket* s = find(session);
        return s && s->life == life ? s : nullptr;
    }

    void run(slot_handle session, std::vector<socketio::client_action> actions);
    void on_action(chat_socket& s, socketio::connect_request&& r);
    void on_action(chat_socket& s, socketio::client_event&& e);
    void on_action(chat_socket&, socketio::client_ack&&) {}  // nothing here asks for acks
    void on_action(chat_socket& s, socketio::client_left&& l);
    void on_action(chat_socket& s, const socketio::protocol_error& e);

    void load_chats(chat_socket& s);
    void on_chats(chat_socket& s, result<std::vector<std::string>> chats);
    void rooms_ready(slot_handle session, std::uint32_t life, bool confirmed);
    void try_connect(chat_socket& s);
    /// Joins at once and calls done(true) when the bus has confirmed all, or done(false) at the
    /// deadline.
    void enter_rooms(chat_socket& s, const std::vector<std::string>& rooms,
                     unique_function<void(bool)> done);
    void leave_everything(chat_socket& s);

    void join_asked(chat_socket& s, std::string chat, std::string ack);
    void join_answered(chat_socket& s, const std::string& chat, std::string ack,
                       result<bool> allowed);
    void enter_room(chat_socket& s, const std::string& chat, std::string ack);
    void leave_asked(chat_socket& s, const std::string& chat);
    void send(const chat_socket& s, std::string_view text) {
        engine_.send(s.session, wire_ref(wire_bytes::message(text)));
    }
    void acknowledge(const chat_socket& s, const std::string& id) {
        if (!id.empty()) send(s, socketio::ack_packet(chat_namespace, id, "[]"));
    }

    void deliver(const delivery& d);
    std::vector<member_id> targets_of(const delivery& d);
    chat_socket* socket_named(std::string_view name);

    std::vector<std::unique_ptr<chat_socket>>
        sockets_;  ///< by session index, which is the member id
    socketio::room_index rooms_;
};

void shard::impl::admit(const http::request& r, unique_function<void(server::admission)> decide) {
    // Only the log wants to know where a refused handshake came from.
    std::string client;
    if (log::enabled(log::level::debug)) {
        client = http::client_address(r, options_.trusted_proxies);
    }
    ask_.authenticate(
        loop_, session_cookie(r, options_.session_cookie),
        [this, client = std::move(client), decide = std::move(decide)](chat::verdict v) mutable {
            if (auto* who = std::get_if<chat::identity>(&v)) {
                counts_.add(metric::handshakes_accepted);
                return decide(std::make_unique<identity_ticket>(std::move(*who)));
            }
            if (const auto* why = std::get_if<chat::refusal>(&v)) {
                counts_.add(counter_of(*why));
                log::debug("handshake refused",
                           {{"reason", chat::to_string(*why)}, {"client", client}});
                return decide(server::json_refusal(401, 4, "Unauthorized"));
            }
            const auto& down = std::get<chat::unavailable>(v);
            counts_.add(metric::handshakes_unavailable);
            log::debug(
                "handshake put off",
                {{"reason", down.what}, {"error", down.error.message()}, {"client", client}});
            http::response busy = server::json_refusal(503, 5, "Service unavailable");
            busy.set("Retry-After", "5");
            decide(std::move(busy));
        });
}

void shard::impl::on_open(slot_handle session, const public_id& sid,
                          std::unique_ptr<server::admission_ticket> ticket,
                          engineio::transport via) {
    if (sockets_.size() <= session.index) sockets_.resize(session.index + 1U);
    auto s = std::make_unique<chat_socket>();
    s->session = session;
    s->user = std::move(static_cast<identity_ticket&>(*ticket).who.user_id);
    s->id = public_id::make(sid.shard(), session.index);
    s->opened = loop_.now();
    s->websocket = via == engineio::transport::websocket;
    counts_.add(metric::sessions_open);
    if (s->websocket) counts_.add(metric::websocket_sessions_open);
    log::debug("session opened",
               {{"user", s->user}, {"transport", s->websocket ? "websocket" : "polling"}});
    load_chats(*s);  // now, not when CONNECT comes
    sockets_[session.index] = std::move(s);
}

void shard::impl::on_upgrade(slot_handle session) {
    chat_socket* s = find(session);
    if (!s) return;
    s->websocket = true;
    counts_.add(metric::upgrades);
    counts_.add(metric::websocket_sessions_open);
}

void shard::impl::on_close(slot_handle session, close_reason reason) {
    chat_socket* s = find(session);
    if (!s) return;
    leave_everything(*s);
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(loop_.now() - s->opened).count();
    counts_.subtract(metric::sessions_open);
    if (s->websocket) counts_.subtract(metric::websocket_sessions_open);
    counts_.add(counter_of(reason));
    counts_.add(metric::connection_seconds, static_cast<std::uint64_t>(seconds));
    log::debug("session closed",
               {{"user", s->user}, {"reason", engineio::to_string(reason)}, {"seconds", seconds}});
    sockets_[session.index].reset();
}

void shard::impl::on_message(slot_handle session, std::string_view data, bool binary) {
    chat_socket* s = find(session);
    if (!s) return;
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
    // A socket that left the namespace and comes back starts from the chat list again.
    if (!s.entering) load_chats(s);
    try_connect(s);
}

void shard::impl::on_action(chat_socket& s, socketio::client_left&& l) {
    if (l.nsp != chat_namespace) return;
    leave_everything(s);
}

void shard::impl::on_action(chat_socket& s, const socketio::protocol_error& e) {
    log::debug("malformed packet", {{"user", s.user}, {"what", e.what}});
    engine_.close(s.session, close_reason::parse_error);
}

void shard::impl::on_action(chat_socket& s, socketio::client_event&& e) {
    const bool join = e.name == chat::join_event;
    if (!join && e.name != chat::leave_event) {
        counts_.add(metric::events_unknown);
        log::debug("unknown event",
                   {{"user", s.user}, {"event", std::string_view(e.name).substr(0, 64)}});
        return;
    }
    counts_.add(join ? metric::events_join : metric::events_leave);
    auto chat = chat::chat_id_of(e.args);
    if (!chat) {
        counts_.add(metric::events_malformed);
        log::debug("malformed event", {{"user", s.user}, {"event", e.name}});
        return acknowledge(s, e.id);
    }
    if (join) return join_asked(s, std::move(*chat), std::move(e.id));
    leave_asked(s, *chat);
    acknowledge(s, e.id);
}

void shard::impl::load_chats(chat_socket& s) {
    s.entering = true;
    s.load = ask_.load_chats(
        loop_, s.user,
        [this, session = s.session, life = s.life](result<std::vector<std::string>> chats) {
            if (chat_socket* waiting = find(session, life)) on_chats(*waiting, std::move(chats));
        });
}

void shard::impl::on_chats(chat_socket& s, result<std::vector<std::string>> chats) {
    if (!chats) {
        // Connected without rooms rather than not at all; the list is being retried.
        counts_.add(metric::chat_lists_late);
        log::debug("failed to get chats for user",
                   {{"user", s.user}, {"error", chats.error().message()}});
        chats.emplace();
    } else {
        counts_.add(metric::chat_lists_loaded);
        s.load = 0;
    }
    if (s.waiting) {
        std::erase_if(*chats,
                      [&](const std::string& chat) { return s.waiting->left.contains(chat); });
        s.waiting->left.clear();
        s.settle();
    }
    const std::size_t room_for =
        options_.rooms_per_socket -
        std::min(options_.rooms_per_socket, rooms_.rooms_of_count(s.session.index));
    if (chats->size() > room_for) {
        counts_.add(metric::joins_denied_limit, chats->size() - room_for);
        log::warn("more chats than rooms allowed", {{"user", s.user}, {"chats", chats->size()}});
        chats->resize(room_for);
    }
    enter_rooms(s, *chats, [this, session = s.session, life = s.life](bool confirmed) {
        rooms_ready(session, life, confirmed);
    });
}

void shard::impl::enter_rooms(chat_socket& s, const std::vector<std::string>& rooms,
                              unique_function<void(bool)> done) {
    std::vector<std::string> taken;
    std::vector<std::string> wanted;
    if (!std::exchange(s.own_room_held, true)) taken.push_back(s.id.text());
    for (const auto& room : rooms) {
        const auto change = rooms_.join(s.session.index, room);
        (change.edge ? taken : wanted).push_back(room);
        if (!change.changed) continue;
        counts_.add(metric::joins);
        counts_.add(metric::rooms_joined);
    }
    // Whichever comes first, the confirmation or the deadline.
    struct wait {
        unique_function<void(bool)> done;
        scheduler::timer_id deadline = 0;
    };
    auto w = std::make_shared<wait>();
    w->done = std::move(done);
    w->deadline = loop_.after(options_.subscribe_deadline, [w] {
        if (auto finish = std::exchange(w->done, nullptr)) finish(false);
    });
    ask_.acquire(loop_, options_.engine.shard, std::move(taken), std::move(wanted), [this, w] {
        loop_.cancel(w->deadline);
        if (auto finish = std::exchange(w->done, nullptr)) finish(true);
    });
}

void shard::impl::rooms_ready(slot_handle session, std::uint32_t life, bool confirmed) {
    chat_socket* s = find(session, life);
    if (!s) return;
    if (!confirmed && !s->connected) {
        counts_.add(metric::subscriptions_late);
        log::debug("bus has not confirmed rooms in time", {{"user", s->user}});
    }
    s->rooms_ready = true;
    try_connect(*s);
}

void shard::impl::try_connect(chat_socket& s) {
    if (!s.connect_wanted || !s.rooms_ready || s.connected) return;
    s.connected = true;
    s.connect_wanted = false;
    counts_.add(metric::sockets_connected);
    engine_.connected(s.session);
    send(s, socketio::connect_reply(chat_namespace, s.id.text()));
    run(s.session, s.protocol.accept(chat_namespace));
}

void shard::impl::leave_everything(chat_socket& s) {
    if (s.load != 0) ask_.cancel_load(std::exchange(s.load, 0));
    std::vector<std::string> emptied;
    counts_.subtract(metric::rooms_joined, rooms_.rooms_of_count(s.session.index));
    rooms_.leave_all(s.session.index, [&](std::string_view room) { emptied.emplace_back(room); });
    if (std::exchange(s.own_room_held, false)) emptied.push_back(s.id.text());
    if (s.connected) counts_.subtract(metric::sockets_connected);
    s.connected = s.connect_wanted = s.rooms_ready = s.entering = false;
    s.id = public_id::make(options_.engine.shard, s.session.index);  // each CONNECT gets its own
    if (!emptied.empty()) ask_.release(options_.engine.shard, std::move(emptied));
    s.waiting.reset();
    ++s.life;
}

void shard::impl::join_asked(chat_socket& s, std::string chat, std::string ack) {
    if (s.waiting) s.waiting->left.erase(chat);
    // In it already: answered when the bus has confirmed it, which may still be to come.
    if (rooms_.contains(s.session.index, chat)) return enter_room(s, chat, std::move(ack));
    if (s.questions >= max_questions) {
        counts_.add(metric::joins_denied_limit);
        return acknowledge(s, ack);
    }
    ++s.questions;
    const std::uint32_t sequence = ++s.join_sequence;
    s.pending().joins[chat] = sequence;
    ask_.can_view_chat(loop_, s.user, chat,
                       [this, session = s.session, life = s.life, chat, sequence,
                        ack = std::move(ack)](result<bool> allowed) mutable {
                           chat_socket* asked = find(session);
                           if (!asked) return;
                           --asked->questions;
                           if (asked->life != life) return;
                           const auto found = asked->pending().joins.find(chat);
                           // Left, or asked for anew, meanwhile: the later one wins.
                           if (found == asked->waiting->joins.end() || found->second != sequence) {
                               asked->settle();
                               return acknowledge(*asked, ack);
                           }
                           asked->waiting->joins.erase(found);
                           asked->settle();
                           join_answered(*asked, chat, std::move(ack), std::move(allowed));
                       });
}

void shard::impl::join_answered(chat_socket& s, const std::string& chat, std::string ack,
                                result<bool> allowed) {
    const char* why = nullptr;
    if (!allowed) {
        counts_.add(metric::joins_failed_database);
        why = "database";
    } else if (!*allowed) {
        counts_.add(metric::joins_denied_permission);
        why = "permission";
    } else if (rooms_.rooms_of_count(s.session.index) >= options_.rooms_per_socket) {
        counts_.add(metric::joins_denied_limit);
        why = "limit";
    }
    if (why) {
        log::debug("failed to join chat room", {{"user", s.user}, {"chat", chat}, {"reason", why}});
        return acknowledge(s, ack);
    }
    enter_room(s, chat, std::move(ack));
}

void shard::impl::enter_room(chat_socket& s, const std::string& chat, std::string ack) {
    enter_rooms(s, {chat}, [this, session = s.session, life = s.life, ack = std::move(ack)](bool) {
        if (const chat_socket* joined = find(session, life)) acknowledge(*joined, ack);
    });
}

void shard::impl::leave_asked(chat_socket& s, const std::string& chat) {
    if (s.waiting) s.waiting->joins.erase(chat);
    if (s.load != 0) {
        auto& left = s.pending().left;
        left.insert(chat);
        if (left.size() > max_left_remembered) ask_.cancel_load(std::exchange(s.load, 0));
    }
    const auto change = rooms_.leave(s.session.index, chat);
    s.settle();
    if (!change.changed) return;
    counts_.add(metric::leaves);
    counts_.subtract(metric::rooms_joined);
    if (change.edge) ask_.release(options_.engine.shard, {chat});
}

void shard::impl::deliver(const delivery_batch& batch) {
    for (const auto& d : batch)
        deliver(*d);
}

void shard::impl::deliver(const delivery& d) {
    const wire_ref text(d.text);
    std::vector<wire_ref> attachments;
    for (const auto& bytes : d.attachments)
        attachments.emplace_back(bytes);
    std::uint64_t reached = 0;
    const auto give = [&](member_id m) {
        const chat_socket* s = sockets_[m].get();
        if (!s || !s->connected) return;
        engine_.send(s->session, text);
        for (const auto& bytes : attachments)
            engine_.send(s->session, bytes);
        ++reached;
    };
    // The way of nearly every message: one room, nobody left out.
    if (d.rooms.size() == 1 && d.except.empty() && !socket_named(d.rooms.front())) {
        rooms_.for_each_member(d.rooms, d.except, give);
    } else {
        for (const member_id m : targets_of(d))
            give(m);
    }
    counts_.add(metric::deliveries, reached);
}

/// Rooms, socket ids and everybody, each socket once.
std::vector<member_id> shard::impl::targets_of(const delivery& d) {
    std::vector<member_id> targets;
    if (d.rooms.empty()) {
        for (const auto& s : sockets_) {
            if (s) targets.push_back(s->session.index);
        }
        std::erase_if(targets, [&](member_id m) {
            return std::any_of(d.except.begin(), d.except.end(),
                               [&](const auto& room) { return rooms_.contains(m, room); });
        });
    } else {
        rooms_.for_each_member(d.rooms, d.except, [&](member_id m) { targets.push_back(m); });
        for (const auto& room : d.rooms) {
            const chat_socket* s = socket_named(room);
            if (!s) continue;
            const member_id m = s->session.index;
            const bool out = std::any_of(d.except.begin(), d.except.end(),
                                         [&](const auto& r) { return rooms_.contains(m, r); });
            if (!out) targets.push_back(m);
        }
    }
    for (const auto& name : d.except) {
        if (const chat_socket* s = socket_named(name)) std::erase(targets, s->session.index);
    }
    std::sort(targets.begin(), targets.end());
    targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
    return targets;
}

/// A socket is alone in the room of its own id; that room needs no entry in the index.
chat_socket* shard::impl::socket_named(std::string_view name) {
    const auto id = public_id::parse(name);
    if (!id || id->shard() != options_.engine.shard || id->index() >= sockets_.size())
        return nullptr;
    chat_socket* s = sockets_[id->index()].get();
    return s && s->id == *id ? s : nullptr;
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
void shard::deliver(const delivery_batch& batch) {
    impl_->deliver(batch);
}
void shard::begin_drain() {
    impl_->engine_.stop_admitting();
}
std::size_t shard::close_some(std::size_t most) {
    for (const slot_handle h : impl_->engine_.sessions()) {
        if (most-- == 0) break;
        impl_->engine_.close(h, close_reason::shutting_down);
    }
    return impl_->engine_.session_count();
}

}  // namespace chat_gateway::gateway
