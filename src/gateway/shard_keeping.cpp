// Live sessions are kept where other gateways find them, from their CONNECT on and as they change:
// a gateway that dies says nothing any more.
#include "shard_impl.hpp"

#include <algorithm>
#include <utility>

namespace chat_gateway::gateway {
namespace {

/// Time between two rounds of what is late or due.
constexpr std::chrono::seconds round_interval{1};
/// A session with more rooms is not kept with each change of them, but with the next round.
constexpr std::size_t many_rooms = 256;
/// Late ones of one round.
constexpr std::size_t most_late = 1000;

}  // namespace

/// It is connected, or its rooms have changed.
void shard::impl::keep(chat_socket& s) {
    if (kept_.empty() || !s.connected || s.load != 0) return;
    if (s.since_connect && s.since_connect->unrecoverable) return stop_keeping(s);
    const bool again = kept_[s.session.index].kept;
    if (again && rooms_.rooms_of_count(s.session.index) > many_rooms) return keep_later(s);
    keep_now(s);
}

void shard::impl::keep_now(chat_socket& s) {
    keeping& k = kept_[s.session.index];
    const bool first = !std::exchange(k.kept, true);
    ask_.keep_session(loop_, state_of(s), first,
                      [this, session = s.session, life = s.life](keep_result outcome) {
                          chat_socket* kept = find(session, life);
                          if (!kept || outcome == keep_result::kept) return;
                          if (outcome == keep_result::failed) return keep_later(*kept);
                          kept_[session.index].kept = false;
                          kept->history().unrecoverable = true;
                      });
}

void shard::impl::keep_later(const chat_socket& s) {
    if (!std::exchange(kept_[s.session.index].late, true)) late_.push_back(s.session);
}

/// What is late, and every session within services::keep_interval.
void shard::impl::keep_on_time() {
    const auto keep_if_kept = [this](slot_handle session) {
        chat_socket* s = find(session);
        if (s && s->connected && kept_[session.index].kept) keep_now(*s);
    };
    const auto late =
        late_.begin() + static_cast<std::ptrdiff_t>(std::min(most_late, late_.size()));
    for (auto it = late_.begin(); it != late; ++it) {
        kept_[it->index].late = false;
        keep_if_kept(*it);
    }
    late_.erase(late_.begin(), late);

    const std::size_t rounds = services::keep_interval / round_interval;
    for (std::size_t due = sockets_.size() / rounds + 1; due > 0; --due, ++next_kept_) {
        if (next_kept_ >= sockets_.size()) next_kept_ = 0;
        if (next_kept_ < sockets_.size() && sockets_[next_kept_])
            keep_if_kept(sockets_[next_kept_]->session);
    }
    loop_.after(round_interval, [this] { keep_on_time(); });
}

void shard::impl::stop_keeping(const chat_socket& s) {
    if (kept_.empty() || !std::exchange(kept_[s.session.index].kept, false)) return;
    suspended_session gone{.pid = s.pid, .id = s.id, .user = {}, .rooms = {}, .left = {}};
    gone.owner = ask_.owner_of(options_.engine.shard, s.session);
    ask_.drop_session(std::move(gone));
}

void shard::impl::lost_messages() {
    position_ = 0;  // positions may begin anew
    for (const auto& s : sockets_) {
        if (!s || !s->connected) continue;
        s->history().unrecoverable = true;
        stop_keeping(*s);
    }
}

}  // namespace chat_gateway::gateway
