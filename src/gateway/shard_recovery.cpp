// Connection State Recovery: what a socket leaves behind when its connection is lost, and how a
// client comes back into it. Only what can be proven whole is restored: every doubt gives the
// client a fresh session, whose rooms are those of its chat list.
#include "shard_impl.hpp"

#include <chat_gateway/base/log.hpp>

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace chat_gateway::gateway {
namespace {

metric counter_of(recovery_failure f) {
    return static_cast<metric>(static_cast<std::size_t>(metric::recoveries_unknown_session) +
                               static_cast<std::size_t>(f));
}
static_assert(static_cast<std::size_t>(metric::recoveries_unavailable) -
                  static_cast<std::size_t>(metric::recoveries_unknown_session) ==
              static_cast<std::size_t>(recovery_failure::unavailable));

}  // namespace

/// Whoever lost the connection may come back (Node: transport close and error, ping timeout);
/// whoever was sent away, left, or broke the protocol may not.
bool shard::impl::recoverable(const chat_socket& s, close_reason reason) const {
    if (!ask_.recovers() || !s.connected || s.load != 0) return false;
    if (s.since_connect && s.since_connect->unrecoverable) return false;
    // Kept here, it ends with this gateway.
    if (draining_ && !ask_.keeps_sessions()) return false;
    switch (reason) {
        case close_reason::client_close:
        case close_reason::transport_lost:
        case close_reason::transport_error:
        case close_reason::ping_timeout:
        case close_reason::slow_consumer:
            return true;
        case close_reason::shutting_down:
            return ask_.keeps_sessions();
        case close_reason::parse_error:
        case close_reason::connect_timeout:
        case close_reason::server_close:
            return false;
    }
    return false;
}

suspended_session shard::impl::state_of(const chat_socket& s) const {
    suspended_session out{
        .pid = s.pid, .id = s.id, .user = s.user.text(), .start = s.start, .rooms = {}, .left = {}};
    const auto from = [&](const std::string& room) {
        if (!s.since_connect) return s.start;
        const auto found = s.since_connect->joined_at.find(room);
        return found == s.since_connect->joined_at.end() ? s.start : found->second;
    };
    for (auto& room : rooms_.rooms_of(s.session.index)) {
        const std::uint64_t position = from(room);
        out.rooms.push_back({std::move(room), position});
    }
    if (!s.recovered) out.rooms.push_back({s.id.text(), s.start});
    if (s.since_connect)
        out.left.assign(s.since_connect->left.begin(), s.since_connect->left.end());
    if (!kept_.empty()) {
        out.owner = ask_.owner_of(options_.engine.shard, s.session);
        out.given = kept_[s.session.index].given;
        out.through = position_;
    }
    return out;
}

void shard::impl::let_go(const std::string& pid, const std::string& user) {
    const auto id = public_id::parse(pid);
    if (!id) return;
    const chat_socket* s = nullptr;
    if (const auto found = recovered_.find(pid); found != recovered_.end()) {
        s = find(found->second);
    } else if (id->shard() == options_.engine.shard && id->index() < sockets_.size()) {
        s = sockets_[id->index()].get();
    }
    if (!s || !s->connected || s->pid != *id || s->user != user) return;
    engine_.close(s->session, close_reason::transport_lost);
}

void shard::impl::begin_return(chat_socket& s, socketio::recovery_claim claim) {
    s.back = std::make_unique<chat_socket::returning>();
    s.back->claim = std::move(claim);
    ask_.find_suspended(loop_, s.back->claim.pid, s.user.text(),
                        [this, session = s.session, life = s.life](services::found_session found) {
                            chat_socket* asking = find(session, life);
                            if (!asking || !asking->back) return;
                            if (const auto* why = std::get_if<recovery_failure>(&found))
                                return give_up_return(*asking, *why);
                            asking->back->found = std::get<suspended_session>(std::move(found));
                            try_connect(*asking);
                        });
}

/// The chat list has been read, and its rooms are joined.
void shard::impl::go_on_returning(chat_socket& s) {
    if (!s.back->found || std::exchange(s.back->checking, true)) return;
    if (s.load != 0) return give_up_return(s, recovery_failure::rights);
    check_rooms(s);
}

void shard::impl::check_rooms(chat_socket& s) {
    const suspended_session& before = *s.back->found;
    std::unordered_set<std::string> known(before.left.begin(), before.left.end());
    for (const auto& room : before.rooms)
        known.insert(room.name);
    const auto now = rooms_.rooms_of(s.session.index);
    // Of a chat that is new to the client it has missed more than can be replayed.
    const bool grown = std::any_of(now.begin(), now.end(),
                                   [&](const std::string& room) { return !known.contains(room); });
    if (grown) return give_up_return(s, recovery_failure::rights);

    const std::unordered_set<std::string> listed(now.begin(), now.end());
    std::vector<std::string> extra;
    for (const auto& room : before.rooms) {
        if (!listed.contains(room.name) && room.name != before.id.text())
            extra.push_back(room.name);
    }
    if (extra.size() > max_questions) return give_up_return(s, recovery_failure::rights);
    ask_for_extra_rooms(s, extra);
}

/// Rooms joined by clientJoinRoom, or of chats that the user is not in any more: may it still?
void shard::impl::ask_for_extra_rooms(chat_socket& s, const std::vector<std::string>& rooms) {
    s.back->answers_due = rooms.size();
    if (rooms.empty()) return enter_returning_rooms(s);
    for (const auto& room : rooms) {
        ask_.can_view_chat(loop_, s.user.text(), room,
                           [this, session = s.session, life = s.life, room](result<bool> allowed) {
                               chat_socket* asking = find(session, life);
                               if (!asking || !asking->back) return;
                               if (allowed && !*allowed) return ask_whether_chat(*asking, room);
                               extra_room_answered(*asking, room, std::move(allowed));
                           });
    }
}

/// A server may have put the socket into a room that is no chat: that asked for nobody's
/// permission, and comes back as in Node.
void shard::impl::ask_whether_chat(chat_socket& s, const std::string& room) {
    ask_.is_no_chat(loop_, room,
                    [this, session = s.session, life = s.life, room](result<bool> no_chat) {
                        chat_socket* asking = find(session, life);
                        if (!asking || !asking->back) return;
                        extra_room_answered(*asking, room, std::move(no_chat));
                    });
}

void shard::impl::extra_room_answered(chat_socket& s, const std::string& room, result<bool> may) {
    auto& back = *s.back;
    if (!may) {
        back.checkable = false;
    } else if (*may) {
        back.extra.push_back(room);
    }
    if (--back.answers_due == 0) enter_returning_rooms(s);
}

void shard::impl::enter_returning_rooms(chat_socket& s) {
    if (!s.back->checkable) return give_up_return(s, recovery_failure::rights);
    std::vector<std::string> rooms = s.back->extra;
    rooms.push_back(s.back->found->id.text());
    enter_rooms(s, rooms, [this, session = s.session, life = s.life](bool) {
        chat_socket* entered = find(session, life);
        if (entered && entered->back) resume(*entered);
    });
}

void shard::impl::resume(chat_socket& s) {
    auto rooms = rooms_.rooms_of(s.session.index);
    const std::unordered_set<std::string_view> left(s.back->found->left.begin(),
                                                    s.back->found->left.end());
    std::erase_if(rooms, [&](const std::string& room) { return left.contains(room); });
    ask_.resume(loop_, s.back->claim, s.user.text(), std::move(rooms),
                [this, session = s.session, life = s.life,
                 cuts = cuts_](std::variant<resumption, recovery_failure> outcome) {
                    chat_socket* returning = find(session, life);
                    auto* r = std::get_if<resumption>(&outcome);
                    if (!returning) {
                        // Lost again on the way: it may try once more.
                        // Not if it may have been sent away meanwhile.
                        if (r && cuts == cuts_) ask_.give_back(std::move(r->session));
                        return;
                    }
                    if (!returning->back) return;  // it has given up meanwhile
                    if (r) return arrived(*returning, std::move(*r));
                    give_up_return(*returning, std::get<recovery_failure>(outcome));
                });
}

void shard::impl::arrived(chat_socket& s, resumption r) {
    leave_rooms(s, r.session.left);
    // The room of the fresh id goes; that of the old one is in the index.
    if (std::exchange(s.own_room_held, false))
        ask_.release(options_.engine.shard, {left_room{s.id.text()}});
    s.id = r.session.id;
    s.pid = r.session.pid;
    s.start = r.session.start;
    s.recovered = true;
    recovered_[s.pid.text()] = s.session;
    s.since_connect.reset();
    for (auto& room : r.session.rooms) {
        if (room.from != s.start) s.history().joined_at[std::move(room.name)] = room.from;
    }
    for (auto& chat : r.session.left)
        s.history().left.insert(std::move(chat));
    s.back.reset();
    note_given(s.session.index, r.missed.empty() ? r.session.given : r.missed.back()->position);
    counts_.add(metric::recoveries);
    counts_.add(metric::recovery_replayed, r.missed.size());
    log::debug("session recovered",
               {{"connection", s.id.text()}, {"user", s.user}, {"replayed", r.missed.size()}});
    counts_.add(metric::deliveries, r.missed.size());
    try_connect(s, r.missed);
}

void shard::impl::send_missed(const chat_socket& s, const delivery_batch& missed) {
    for (const auto& d : missed) {
        engine_.send(s.session, wire_ref(d->text));
        for (const auto& bytes : d->attachments)
            engine_.send(s.session, wire_ref(bytes));
    }
}

void shard::impl::give_up_return(chat_socket& s, recovery_failure why) {
    counts_.add(counter_of(why));
    log::debug("session not recovered",
               {{"connection", s.id.text()}, {"user", s.user}, {"reason", to_string(why)}});
    if (s.back->found) {
        std::vector<std::string> rooms = std::move(s.back->extra);
        rooms.push_back(s.back->found->id.text());
        leave_rooms(s, rooms);
    }
    s.back.reset();
    try_connect(s);
}

}  // namespace chat_gateway::gateway
