// Users' sockets on all shards, and whether they still may be here.
#include "ask_all.hpp"
#include "rights_check.hpp"
#include "stored_recovery.hpp"
#include "user_counts.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/gateway/services.hpp>

#include <functional>
#include <iterator>
#include <numeric>
#include <utility>

namespace chat_gateway::gateway {

void services::session_begins(chat::login_ref who) {
    loop_.post([this, who = std::move(who)]() mutable { rights_->add(std::move(who)); });
}

void services::session_ends(chat::login_ref who) {
    loop_.post([this, who = std::move(who)] { rights_->remove(*who); });
}

void services::user_enters(std::string_view user) {
    loop_.post(
        [this, id = std::hash<std::string_view>{}(user)] { users_->enter(id, loop_.now()); });
}

void services::user_leaves(std::string_view user, bool lost) {
    loop_.post([this, id = std::hash<std::string_view>{}(user), lost] {
        users_->leave(id, lost, loop_.now());
    });
}

void services::cut(const chat::login_ref& who, std::string_view why) {
    log::info("session ended", {{"user", who->user()}, {"reason", why}});
    const metric reason =
        why == "inactive_user" ? metric::sent_away_user : metric::sent_away_session;
    ask_all<std::size_t>(
        [who](shard_calls& calls) {
            return calls.disconnect_user(std::string(who->user()), std::string(who->session()));
        },
        [this, reason](std::vector<std::size_t> sockets) {
            const auto count = std::accumulate(sockets.begin(), sockets.end(), std::size_t{0});
            counts_.add(metric::sockets_cut, count);
            counts_.add(reason, count);
        });
}

/// A server's order to send a user away for good is the operator's: it counts for sockets that have
/// not joined the namespace, and for suspended sessions, as well.
bool services::take_own(const socketio::cluster::request& r,
                        unique_function<void(socketio::cluster::response)>& answer) {
    using socketio::cluster::request_kind;
    using socketio::cluster::response_kind;
    constexpr std::string_view user_room = "user:";
    if (take_returned(r)) return true;
    if (r.kind == request_kind::disconnect && r.close && r.to.except.empty() &&
        r.to.rooms.size() == 1 && r.to.rooms.front().starts_with(user_room)) {
        disconnect_user(r.to.rooms.front().substr(user_room.size()),
                        [id = r.id, answer = std::move(answer)](std::size_t) mutable {
                            answer({.kind = response_kind::done, .id = id});
                        });
        return true;
    }
    // The next message may be for one of these rooms already, and nobody here hold it yet.
    if (r.kind == request_kind::join) hub_->expect(r.rooms);
    return questions_ && questions_(r, answer);
}

void services::disconnect_user(const std::string& user, unique_function<void(std::size_t)> done) {
    ask_all<std::size_t>(
        [user](shard_calls& calls) { return calls.disconnect_user(user, std::nullopt); },
        [this, user, done = std::move(done)](std::vector<std::size_t> sockets) mutable {
            // Behind what the shards have suspended before.
            if (stored_) stored_->cut(user);
            hub_->forget(user);
            const auto count = std::accumulate(sockets.begin(), sockets.end(), std::size_t{0});
            counts_.add(metric::sent_away_operator, count);
            done(count);
        });
}

void services::sockets_of_user(const std::string& user,
                               unique_function<void(std::vector<user_socket>)> done) {
    ask_all<std::vector<user_socket>>(
        [user](shard_calls& calls) { return calls.sockets_of_user(user); },
        [done = std::move(done)](std::vector<std::vector<user_socket>> answers) mutable {
            std::vector<user_socket> all;
            for (auto& some : answers)
                std::move(some.begin(), some.end(), std::back_inserter(all));
            done(std::move(all));
        });
}

}  // namespace chat_gateway::gateway
