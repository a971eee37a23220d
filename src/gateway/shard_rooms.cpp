#include "shard_impl.hpp"

#include <chat_gateway/base/log.hpp>

#include <algorithm>
#include <utility>

namespace chat_gateway::gateway {

void shard::impl::load_chats(chat_socket& s) {
    s.entering = true;
    s.load = ask_.load_chats(
        loop_, s.user.text(),
        [this, session = s.session, life = s.life](result<std::vector<std::string>> chats) {
            if (chat_socket* waiting = find(session, life)) on_chats(*waiting, std::move(chats));
        });
}

void shard::impl::on_chats(chat_socket& s, result<std::vector<std::string>> chats) {
    if (!chats) {
        // Connected without rooms rather than not at all; the list is being retried.
        counts_.add(metric::chat_lists_late);
        log::debug("failed to get chats for user", {{"connection", s.id.text()},
                                                    {"user", s.user},
                                                    {"reason", "database"},
                                                    {"error", chats.error().message()}});
        chats.emplace();
    } else {
        counts_.add(metric::chat_lists_loaded);
        s.load = 0;
    }
    // Not before the list itself: its query may have seen the database as it was before those
    // left, however long it has been on its way.
    if (s.load == 0 && s.waiting) {
        std::erase_if(*chats, [&](const std::string& chat) {
            return s.waiting->left.contains(chat) || s.waiting->taken.contains(chat);
        });
        for (const auto& chat : s.waiting->left)
            remember_left(s, chat);
        s.waiting->left.clear();
        s.waiting->taken.clear();
        s.settle();
    }
    const std::size_t room_for =
        options_.rooms_per_socket -
        std::min(options_.rooms_per_socket, rooms_.rooms_of_count(s.session.index));
    if (chats->size() > room_for) {
        counts_.add(metric::joins_denied_limit, chats->size() - room_for);
        log::warn("more chats than rooms allowed", {{"connection", s.id.text()},
                                                    {"user", s.user},
                                                    {"reason", "limit"},
                                                    {"chats", chats->size()}});
        chats->resize(room_for);
    }
    enter_rooms(s, *chats, [this, session = s.session, life = s.life](bool confirmed) {
        rooms_ready(session, life, confirmed);
    });
}

void shard::impl::enter_rooms(chat_socket& s, const std::vector<std::string>& rooms,
                              unique_function<void(bool)> done, std::uint64_t since) {
    std::vector<std::string> taken;
    if (!std::exchange(s.own_room_held, true)) taken.push_back(s.id.text());
    if (rooms.size() > 1) rooms_.expect(s.session.index, rooms.size());
    const std::uint64_t from = since != 0 ? since : std::max(position_, ask_.bus_position());
    bool changed = false;
    for (const auto& room : rooms) {
        const auto change = rooms_.join(s.session.index, room);
        if (change.edge) taken.push_back(room);
        if (!change.changed) continue;
        changed = true;
        if (s.connected && s.since_connect) s.since_connect->left.erase(room);
        if (s.connected && ask_.recovers()) s.history().joined_at[room] = from;
        counts_.add(metric::joins);
        counts_.add(metric::rooms_joined);
    }
    if (changed) keep(s);  // ahead of the answer that tells the client of it
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
    std::vector<std::string> later;
    if (s.connected && since == 0) later = taken;
    ask_.acquire(loop_, options_.engine.shard, std::move(taken),
                 [this, w, session = s.session, life = s.life,
                  later = std::move(later)](std::uint64_t position) {
                     auto finish = std::exchange(w->done, nullptr);
                     // Behind the deadline it has been said to be in them already.
                     chat_socket* here = find(session, life);
                     if (here && (finish || !here->connected))
                         note_position(*here, later, position);
                     loop_.cancel(w->deadline);
                     if (finish) finish(true);
                 });
}

/// Rooms that nobody here was in before were none of this shard's affair until `position`.
void shard::impl::note_position(chat_socket& s, const std::vector<std::string>& rooms,
                                std::uint64_t position) {
    if (!s.connected) s.start = std::max(s.start, position);
    if (!s.since_connect) return;
    for (const auto& room : rooms) {
        const auto found = s.since_connect->joined_at.find(room);
        if (found != s.since_connect->joined_at.end())
            found->second = std::max(found->second, position);
    }
}

void shard::impl::rooms_ready(slot_handle session, std::uint32_t life, bool confirmed) {
    chat_socket* s = find(session, life);
    if (!s) return;
    if (!confirmed && !s->connected) {
        counts_.add(metric::subscriptions_late);
        log::debug("bus has not confirmed rooms in time",
                   {{"connection", s->id.text()}, {"user", s->user}});
    }
    s->rooms_ready = true;
    s->pass.reset();
    try_connect(*s);
}

void shard::impl::join_asked(chat_socket& s, std::string chat, std::string ack) {
    if (s.waiting) s.waiting->left.erase(chat);
    // In it already: answered when the bus has confirmed it, which may still be to come.
    if (rooms_.contains(s.session.index, chat)) return enter_room(s, chat, std::move(ack));
    if (s.questions >= max_questions) {
        counts_.add(metric::joins_denied_limit);
        return join_failed(s, chat, ack, "limit");
    }
    ++s.questions;
    const std::uint32_t sequence = ++s.join_sequence;
    s.pending().joins[chat] = sequence;
    ask_.can_view_chat(loop_, s.user.text(), chat,
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
        if (allowed) ask_.note_denial(chat);
        return join_failed(s, chat, ack, why);
    }
    enter_room(s, chat, std::move(ack));
}

void shard::impl::join_failed(const chat_socket& s, const std::string& chat, const std::string& ack,
                              std::string_view why) {
    log::debug("failed to join chat room",
               {{"connection", s.id.text()}, {"user", s.user}, {"room", chat}, {"reason", why}});
    acknowledge(s, ack);
}

void shard::impl::enter_room(chat_socket& s, const std::string& chat, std::string ack) {
    enter_rooms(s, {chat}, [this, session = s.session, life = s.life, ack = std::move(ack)](bool) {
        if (const chat_socket* joined = find(session, life)) acknowledge(*joined, ack);
    });
}

void shard::impl::leave_asked(chat_socket& s, const std::string& chat) {
    if (s.load != 0) {
        auto& left = s.pending().left;
        left.insert(chat);
        if (left.size() > max_left_remembered) ask_.cancel_load(std::exchange(s.load, 0));
    }
    if (!leave_room(s, chat)) return;
    remember_left(s, chat);
    keep(s);
}

/// With and without recovery: nobody but the user puts the socket back into it.
void shard::impl::remember_left(chat_socket& s, const std::string& chat) {
    auto& history = s.history();
    history.left.insert(chat);
    if (history.left.size() <= max_left_remembered) return;
    history.unrecoverable = true;
    history.left.erase(chat);
}

bool shard::impl::leave_room(chat_socket& s, const std::string& chat) {
    if (s.waiting) s.waiting->joins.erase(chat);
    s.settle();
    // Its own room is in the index when its id is of an earlier connection; it is no chat.
    if (s.recovered && chat == s.id.text()) return false;
    if (!rooms_.contains(s.session.index, chat)) return false;
    counts_.add(metric::leaves);
    if (auto* t = rooms_.tally_of(chat)) ++t->departed;
    leave_rooms(s, {chat});
    if (s.since_connect) s.since_connect->joined_at.erase(chat);
    return true;
}

void shard::impl::leave_rooms(chat_socket& s, const std::vector<std::string>& rooms) {
    std::vector<left_room> emptied;
    for (const auto& room : rooms) {
        const auto* t = rooms_.tally_of(room);
        const auto so_far = t ? *t : socketio::room_index::tally();
        const auto change = rooms_.leave(s.session.index, room);
        if (change.changed) counts_.subtract(metric::rooms_joined);
        if (change.edge) emptied.push_back({room, so_far});
    }
    if (!emptied.empty()) ask_.release(options_.engine.shard, std::move(emptied));
}

}  // namespace chat_gateway::gateway
