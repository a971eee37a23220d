// Users' sockets on all shards, and whether they still may be here.
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

/// Calls `ask(calls)` on each shard's loop; `done` gets what they said, on the services loop and
/// behind whatever they had posted there before.
template <class T, class Ask>
void services::ask_all(Ask ask, unique_function<void(std::vector<T>)> done) {
    struct gathering {
        std::vector<T> answers;
        std::size_t due;
        unique_function<void(std::vector<T>)> done;
    };
    auto all = std::make_shared<gathering>(
        gathering{std::vector<T>(shards_.size()), shards_.size(), std::move(done)});
    for (std::size_t n = 0; n < shards_.size(); ++n) {
        shards_[n].loop->post([this, calls = shards_[n].calls, n, ask, all] {
            loop_.post([all, n, answer = ask(*calls)]() mutable {
                all->answers[n] = std::move(answer);
                if (--all->due == 0) all->done(std::move(all->answers));
            });
        });
    }
}

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
    log::info("session ended", {{"user", who->user}, {"reason", why}});
    ask_all<std::size_t>(
        [who](shard_calls& calls) { return calls.disconnect_user(who->user, who->session); },
        [this](std::vector<std::size_t> sockets) {
            counts_.add(metric::sockets_cut,
                        std::accumulate(sockets.begin(), sockets.end(), std::size_t{0}));
        });
}

void services::disconnect_user(const std::string& user, unique_function<void(std::size_t)> done) {
    ask_all<std::size_t>(
        [user](shard_calls& calls) { return calls.disconnect_user(user, std::nullopt); },
        [this, user, done = std::move(done)](std::vector<std::size_t> sockets) mutable {
            // Behind what the shards have suspended before.
            if (stored_) stored_->cut(user);
            hub_->forget(user);
            done(std::accumulate(sockets.begin(), sockets.end(), std::size_t{0}));
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

void services::stats(unique_function<void(std::vector<shard_stats>)> done) {
    ask_all<shard_stats>([](shard_calls& calls) { return calls.stats(); }, std::move(done));
}

}  // namespace chat_gateway::gateway
