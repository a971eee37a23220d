// Whose the sockets are, and the end of those that may not be here any more.
#include "shard_impl.hpp"

#include <algorithm>
#include <utility>

namespace chat_gateway::gateway {

void shard::impl::enter_user(chat_socket& s, const chat::identity& who) {
    const bool fresh = users_.enter(s.session.index, who.user_id, who.session_id);
    auto login = users_.login_of(s.session.index);
    s.user = user_name(*login);
    ask_.user_enters(login->user());
    if (fresh) ask_.session_begins(std::move(login));
}

void shard::impl::leave_user(const chat_socket& s, close_reason reason) {
    const bool sent_away = reason == close_reason::server_close ||
                           reason == close_reason::connect_timeout ||
                           reason == close_reason::parse_error;
    ask_.user_leaves(s.user, reason != close_reason::client_close && !sent_away);
    auto login = users_.login_of(s.session.index);
    if (users_.leave(s.session.index)) ask_.session_ends(std::move(login));
}

std::size_t shard::impl::disconnect_user(const std::string& user,
                                         const std::optional<std::string>& session) {
    ++cuts_;
    const auto members =
        session ? users_.sockets_of(chat::login{user, *session}) : users_.sockets_of(user);
    for (const member_id m : members) {
        // Also to one that has not sent its CONNECT, for it not to try again.
        if (chat_socket* s = sockets_[m].get()) send_away(*s, true);
    }
    return members.size();
}

std::vector<user_socket> shard::impl::sockets_of_user(const std::string& user) const {
    std::vector<user_socket> all;
    for (const member_id m : users_.sockets_of(user)) {
        const chat_socket& s = *sockets_[m];
        all.push_back(
            {.id = s.connected ? std::optional(s.id.text()) : std::nullopt,
             .shard = options_.engine.shard,
             .connected = s.connected,
             .websocket = s.websocket,
             .age = std::chrono::duration_cast<std::chrono::seconds>(loop_.now() - s.opened),
             .rooms = rooms_.rooms_of_count(m)});
    }
    return all;
}

std::optional<std::size_t> shard::impl::add_stats(std::size_t from, std::size_t most,
                                                  connection_stats& sum) const {
    using std::chrono::seconds;
    const time_point now = loop_.now();
    const std::size_t end = std::min(sockets_.size(), from + most);
    for (std::size_t n = from; n < end; ++n) {
        const chat_socket* s = sockets_[n].get();
        if (!s) continue;
        const auto age = std::chrono::duration_cast<seconds>(now - s->opened);
        sum +=
            {.connections = 1, .websockets = s->websocket ? 1U : 0U, .open = age, .longest = age};
    }
    return end < sockets_.size() ? std::optional(end) : std::nullopt;
}

std::vector<std::string> shard::impl::users_of(const std::vector<std::uint64_t>& hashes) const {
    std::vector<std::string> all;
    all.reserve(hashes.size());
    for (const std::uint64_t hash : hashes)
        all.emplace_back(users_.user_of(hash));
    return all;
}

/// In the order of `rooms`; what is not here is all zero.
std::vector<room_figures> shard::impl::figures_of(const std::vector<std::string>& rooms) {
    std::vector<room_figures> all;
    all.reserve(rooms.size());
    for (const auto& room : rooms) {
        const auto* t = rooms_.tally_of(room);
        all.push_back(t ? room_figures{.members = rooms_.member_count(room),
                                       .messages_out = t->sent,
                                       .joins = t->joined,
                                       .leaves = t->departed}
                        : room_figures{});
    }
    return all;
}

}  // namespace chat_gateway::gateway
