#include "log_limiter.hpp"

#include <algorithm>
#include <utility>

namespace chat_gateway::log {

bool limiter::admit(level l, std::string_view message, time_point now) {
    auto found = entries_.find(message);
    if (found == entries_.end()) {
        if (entries_.size() >= max_messages) return true;
        found = entries_.emplace(message, entry{l, now + period}).first;
    }
    entry& e = found->second;
    if (now >= e.end && e.held == 0) e = {l, now + period};
    if (e.passed < most) {
        ++e.passed;
        return true;
    }
    ++e.held;
    next_due_ = std::min(next_due_, e.end);
    return false;
}

std::vector<limiter::repetition> limiter::take_due(time_point now) {
    std::vector<repetition> due;
    if (now < next_due_) return due;
    next_due_ = time_point::max();
    for (auto& [message, e] : entries_) {
        if (e.held == 0) continue;
        if (now < e.end) {
            next_due_ = std::min(next_due_, e.end);
            continue;
        }
        due.push_back({e.severity, message, std::exchange(e.held, 0)});
        e = {e.severity, now + period};
    }
    return due;
}

std::vector<limiter::repetition> limiter::take_all() {
    std::vector<repetition> all;
    for (auto& [message, e] : entries_) {
        if (e.held != 0) all.push_back({e.severity, message, e.held});
    }
    entries_.clear();
    next_due_ = time_point::max();
    return all;
}

}  // namespace chat_gateway::log
