#include <chat_gateway/chat/session_recheck.hpp>

#include <algorithm>
#include <utility>

namespace chat_gateway::chat {

void session_recheck::add(login_ref who, time_point now) {
    if (const auto known = find(*who)) {
        ++(*known)->shards;
        return;
    }
    order_.push_back({std::move(who), 1, 0, now});
    const auto at = std::prev(order_.end());
    if (!by_session_.insert(at).second) others_.emplace(at->who->session(), at);
}

void session_recheck::remove(const login& who) {
    const auto known = find(who);
    if (!known || --(*known)->shards != 0) return;
    forget(*known);
    order_.erase(*known);
}

/// Out of the indices; another user of the session takes its place.
void session_recheck::forget(place at) {
    const std::string_view session = at->who->session();
    const auto [first, last] = others_.equal_range(session);
    if (const auto main = by_session_.find(session); *main == at) {
        by_session_.erase(main);
        if (first == last) return;
        by_session_.insert(first->second);
        others_.erase(first);
    } else {
        others_.erase(std::find_if(first, last, [at](const auto& e) { return e.second == at; }));
    }
}

void session_recheck::vouch(const login& who, time_point now) {
    if (const auto known = find(who)) (void)pass(*known, now);
}

session_recheck::due session_recheck::pass(place at, time_point now) {
    at->checked = now;
    ++at->state;
    order_.splice(order_.end(), order_, at);
    return {at->who, at->state};
}

std::vector<session_recheck::due> session_recheck::take_due(time_point now) {
    using seconds = std::chrono::duration<double>;
    const auto period = !order_.empty() && order_.front().checked <= missed_until_
                            ? std::min(options_.catch_up, options_.period)
                            : options_.period;
    const auto passed = now - std::exchange(last_, now).value_or(now);
    const auto size = static_cast<double>(order_.size());
    share_ = std::min(size, share_ + size * (seconds(passed) / seconds(period)));
    std::vector<due> out;
    while (out.size() < options_.batch && !order_.empty()) {
        entry& next = order_.front();
        // Those that an even pace would leave for too long: the crowd behind them has gone.
        if (share_ < 1 && next.checked + options_.period > now) break;
        if (next.checked == now) break;  // all of them have had their turn
        share_ = std::max(0.0, share_ - 1);
        out.push_back(pass(order_.begin(), now));
    }
    return out;
}

std::vector<session_recheck::due> session_recheck::take(std::string_view session, time_point now) {
    std::vector<due> out;
    const auto main = by_session_.find(session);
    if (main == by_session_.end()) return out;
    out.push_back(pass(*main, now));
    const auto [first, last] = others_.equal_range(session);
    for (auto at = first; at != last; ++at)
        out.push_back(pass(at->second, now));
    return out;
}

/// A store that says so again and again does not set the pace: once in a period, as often as all
/// are read anyway.
void session_recheck::catch_up(time_point now) {
    if (caught_up_ && now - *caught_up_ < options_.period) return;
    caught_up_ = missed_until_ = now;
}

bool session_recheck::current(const due& d) const {
    const auto known = find(*d.who);
    return known && (*known)->state == d.state;
}

/// Often enough for an even pace, seldom enough for batches.
steady_clock::duration session_recheck::interval() const {
    using std::chrono::milliseconds;
    return std::clamp<steady_clock::duration>(options_.period / 50, milliseconds(10),
                                              milliseconds(500));
}

std::optional<session_recheck::place> session_recheck::find(const login& who) const {
    const auto main = by_session_.find(who.session());
    if (main == by_session_.end()) return std::nullopt;
    if ((*main)->who->user() == who.user()) return *main;
    const auto [first, last] = others_.equal_range(who.session());
    for (auto at = first; at != last; ++at) {
        if (at->second->who->user() == who.user()) return at->second;
    }
    return std::nullopt;
}

}  // namespace chat_gateway::chat
