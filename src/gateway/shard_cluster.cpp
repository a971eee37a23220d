// What other nodes of the cluster ask of the sockets here.
#include "shard_impl.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/socketio/cluster/msgpack_json.hpp>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>
#include <utility>

namespace chat_gateway::gateway {

using socketio::cluster::remote_socket;
using socketio::cluster::request;
using socketio::cluster::request_kind;
using socketio::cluster::response;
using socketio::cluster::response_kind;

namespace {

/// How the rooms of users begin, by which the outbox names whom a membership concerns.
constexpr std::string_view user_room = "user:";

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::system_clock;

/// As JavaScript's Date prints it: part of Socket.IO's handshake object.
std::string date_text(system_clock::time_point when) {
    const std::time_t seconds = system_clock::to_time_t(when);
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    std::array<char, 64> text{};
    const auto size =
        std::strftime(text.data(), text.size(),
                      "%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)", &utc);
    return {text.data(), size};
}

}  // namespace

void shard::impl::on_request(request r, answer_function answer) {
    response out{.id = r.id};
    switch (r.kind) {
        case request_kind::sockets:
            out.kind = response_kind::sockets;
            for (const chat_socket* s : selected(r.to))
                out.names.push_back(s->id.text());
            break;
        case request_kind::all_rooms:
            out.kind = response_kind::rooms;
            out.names = all_rooms();
            break;
        case request_kind::join:
            for (chat_socket* s : selected(r.to, true)) {
                const bool of_user = r.to.rooms.size() == 1 && r.to.rooms[0].starts_with(user_room);
                join_by_order(*s, of_user ? without_left(*s, r.rooms) : r.rooms, r.position);
            }
            break;
        case request_kind::leave:
            for (chat_socket* s : selected(r.to, true))
                leave_by_order(*s, r.rooms);
            break;
        case request_kind::disconnect:
            for (chat_socket* s : selected(r.to))
                send_away(*s, r.close);
            break;
        case request_kind::fetch_sockets:
            out.kind = response_kind::fetched;
            for (const chat_socket* s : selected(r.to))
                out.fetched.push_back(description_of(*s));
            break;
        case request_kind::broadcast:
            return broadcast_with_acks(r, std::move(answer));
        case request_kind::server_side_emit:
            out.kind = response_kind::server_side;
            break;
    }
    answer(std::move(out));
}

/// A room `user:<id>` has the sockets of that user for whoever asks; nothing is broadcast to it.
std::vector<chat_socket*> shard::impl::selected(const socketio::cluster::selection& to,
                                                bool entering) {
    std::vector<member_id> targets = targets_of(to.rooms, to.except);
    for (const auto& room : to.rooms) {
        if (!room.starts_with(user_room)) continue;
        for (const member_id m : users_.sockets_of(room.substr(user_room.size()))) {
            const bool out = std::ranges::any_of(
                to.except, [&](const auto& name) { return rooms_.contains(m, name); });
            if (!out && std::ranges::find(targets, m) == targets.end()) targets.push_back(m);
        }
    }
    std::vector<chat_socket*> sockets;
    for (const member_id m : targets) {
        chat_socket* s = sockets_[m].get();
        if (s && (s->connected || (entering && s->entering))) sockets.push_back(s);
    }
    return sockets;
}

std::vector<std::string> shard::impl::all_rooms() const {
    std::vector<std::string> names;
    rooms_.for_each_room([&](std::string_view name, std::size_t) { names.emplace_back(name); });
    for (const auto& s : sockets_) {
        // The room of an id from an earlier connection is in the index.
        if (s && s->connected && !s->recovered) names.push_back(s->id.text());
    }
    return names;
}

/// What a socket is on its way back to is not known whole when a server changes its rooms: then it
/// is a fresh one. False: that was the end of it.
bool shard::impl::is_here_for_good(chat_socket& s) {
    if (!s.back) return true;
    const slot_handle session = s.session;
    give_up_return(s, recovery_failure::rights);
    return find(session) != nullptr;
}

/// The order of a server: nobody's permission is asked.
void shard::impl::join_by_order(chat_socket& s, const std::vector<std::string>& rooms,
                                std::uint64_t since) {
    if (!rooms.empty() && !is_here_for_good(s)) return;
    std::vector<std::string> fresh;
    for (const auto& room : rooms) {
        if (s.waiting) {
            s.waiting->left.erase(room);
            s.waiting->taken.erase(room);
        }
        if (rooms_.contains(s.session.index, room) || socket_named(room) == &s) continue;
        if (rooms_.rooms_of_count(s.session.index) + fresh.size() >= options_.rooms_per_socket) {
            counts_.add(metric::joins_denied_limit);
            log::warn("more rooms than allowed", {{"connection", s.id.text()},
                                                  {"user", s.user},
                                                  {"room", room},
                                                  {"reason", "limit"}});
            break;
        }
        fresh.push_back(room);
    }
    if (!fresh.empty())
        enter_rooms(
            s, fresh, [](bool) {}, since);
}

/// A user who has become a participant is not put into a chat that it has left on this connection.
std::vector<std::string> shard::impl::without_left(const chat_socket& s,
                                                   std::vector<std::string> rooms) {
    std::erase_if(rooms, [&](const auto& room) {
        return (s.since_connect && s.since_connect->left.contains(room)) ||
               (s.waiting && s.waiting->left.contains(room));
    });
    return rooms;
}

/// Not the socket's own wish, so that it may be put back.
void shard::impl::leave_by_order(chat_socket& s, const std::vector<std::string>& rooms) {
    if (!is_here_for_good(s)) return;
    bool changed = false;
    for (const auto& room : rooms) {
        if (s.load != 0) s.pending().taken.insert(room);
        changed = leave_room(s, room) || changed;
    }
    if (changed) keep(s);
}

void shard::impl::send_away(chat_socket& s, bool close) {
    const slot_handle session = s.session;
    send(s, socketio::disconnect_packet(chat_namespace));
    leave_everything(s);
    s.protocol.leave(chat_namespace);
    if (close) engine_.close(session, close_reason::server_close);
}

/// Nothing of the client's request but what cannot be a secret.
remote_socket shard::impl::description_of(const chat_socket& s) const {
    remote_socket out{.id = s.id.text()};
    const auto opened =
        system_clock::now() - duration_cast<system_clock::duration>(loop_.now() - s.opened);
    const auto issued = duration_cast<milliseconds>(opened.time_since_epoch()).count();
    out.handshake = R"({"headers":{},"time":")" + date_text(opened) +
                    R"(","address":"","xdomain":false,"secure":false,"issued":)" +
                    std::to_string(issued) + R"(,"url":"","query":{},"auth":{}})";
    if (!s.recovered) out.rooms.push_back(out.id);
    auto rooms = rooms_.rooms_of(s.session.index);
    std::move(rooms.begin(), rooms.end(), std::back_inserter(out.rooms));
    out.data = R"({"user_id":)";
    socketio::cluster::append_js_string(out.data, s.user);
    out.data += '}';
    return out;
}

void shard::impl::broadcast_with_acks(const request& r, answer_function answer) {
    std::vector<slot_handle> receivers;
    for (const chat_socket* s : selected(r.to))
        receivers.push_back(s->session);
    const auto tell = std::make_shared<answer_function>(std::move(answer));
    std::string id;
    if (!receivers.empty()) {
        id = acks_.open(
            receivers, loop_.now() + r.timeout.value_or(cluster::patience),
            [tell, request = r.id](std::string args, std::vector<std::string> attachments) {
                (*tell)({.kind = response_kind::client_ack,
                         .id = request,
                         .data = std::string(socketio::first_element(args)),
                         .attachments = std::move(attachments)});
            });
        if (id.empty()) {
            log::warn("too many events wait for their acks");
            receivers.clear();
        }
    }
    (*tell)({.kind = response_kind::client_count, .id = r.id, .count = receivers.size()});
    if (receivers.empty()) return;
    arm_acks();
    std::vector<wire_ref> messages;
    messages.emplace_back(wire_bytes::message(socketio::with_ack_id(r.packet, id)));
    for (const auto& bytes : r.attachments)
        messages.emplace_back(wire_bytes::binary(bytes));
    for (const slot_handle session : receivers) {
        for (const auto& m : messages)
            engine_.send(session, m);
    }
    counts_.add(metric::deliveries, receivers.size());
}

void shard::impl::on_action(chat_socket& s, socketio::client_ack&& a) {
    acks_.take(s.session, a.id, std::move(a.args), std::move(a.attachments));
}

void shard::impl::arm_acks() {
    const auto next = acks_.next_deadline();
    if (!next || std::exchange(acks_armed_, true)) return;
    loop_.after(*next - loop_.now(), [this] {
        acks_armed_ = false;
        acks_.give_up(loop_.now());
        arm_acks();
    });
}

}  // namespace chat_gateway::gateway
