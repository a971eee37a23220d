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
/// Dropped ones that are remembered while Redis cannot be told.
constexpr std::size_t most_undropped = 100'000;

}  // namespace

/// It is connected, or its rooms have changed.
void shard::impl::keep(chat_socket& s) {
    if (kept_.empty() || !s.connected || s.load != 0) return;
    if (s.since_connect && s.since_connect->unrecoverable) return stop_keeping(s);
    const keeping& k = kept_[s.session.index];
    const bool again = k.kept || k.late;
    if (!again || rooms_.rooms_of_count(s.session.index) <= many_rooms) return keep_now(s);
    // What is there is not true any more, and to say how it is takes too long for each change.
    stop_keeping(s);
    keep_later(s);
}

void shard::impl::keep_now(chat_socket& s) {
    keeping& k = kept_[s.session.index];
    const bool first = !std::exchange(k.kept, true);
    ask_.keep_session(loop_, state_of(s), first,
                      [this, session = s.session, life = s.life](keep_result outcome) {
                          chat_socket* kept = find(session, life);
                          if (!kept || outcome == keep_result::kept) return;
                          if (outcome == keep_result::failed) return keep_later(*kept);
                          kept->history().unrecoverable = true;
                          stop_keeping(*kept);
                      });
}

void shard::impl::keep_later(const chat_socket& s) {
    if (!std::exchange(kept_[s.session.index].late, true)) late_.push_back(s.session);
}

/// What is late, and every session within services::keep_interval.
void shard::impl::keep_on_time() {
    for (auto& gone : std::exchange(undropped_, {}))
        drop_kept(std::move(gone));

    std::vector<slot_handle> late(
        late_.begin(),
        late_.begin() + static_cast<std::ptrdiff_t>(std::min(most_late, late_.size())));
    late_.erase(late_.begin(), late_.begin() + static_cast<std::ptrdiff_t>(late.size()));
    for (const slot_handle session : late) {
        kept_[session.index].late = false;
        chat_socket* s = find(session);
        if (!s || !s->connected || s->load != 0) continue;
        if (!s->since_connect || !s->since_connect->unrecoverable) keep_now(*s);
    }

    const std::size_t rounds = services::keep_interval / round_interval;
    for (std::size_t due = sockets_.size() / rounds + 1; due > 0; --due, ++next_kept_) {
        if (next_kept_ >= sockets_.size()) next_kept_ = 0;
        if (next_kept_ >= sockets_.size()) break;
        chat_socket* s = sockets_[next_kept_].get();
        if (s && s->connected && kept_[next_kept_].kept) keep_now(*s);
    }
    loop_.after(round_interval, [this] { keep_on_time(); });
}

void shard::impl::stop_keeping(const chat_socket& s) {
    if (kept_.empty() || !std::exchange(kept_[s.session.index].kept, false)) return;
    suspended_session gone{.pid = s.pid, .id = s.id, .user = {}, .rooms = {}, .left = {}};
    gone.owner = ask_.owner_of(options_.engine.shard, s.session);
    drop_kept(std::move(gone));
}

void shard::impl::drop_kept(suspended_session gone) {
    ask_.drop_session(loop_, gone, [this, gone](bool dropped) {
        // Until it ends by itself, when there are too many.
        if (!dropped && undropped_.size() < most_undropped) undropped_.push_back(gone);
    });
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
