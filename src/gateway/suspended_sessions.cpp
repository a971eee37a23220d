#include "suspended_sessions.hpp"

namespace chat_gateway::gateway {
namespace {

/// A string in a list: itself and what it has on the heap.
std::size_t size_of(const std::string& text) {
    return sizeof(std::string) + (text.capacity() > 15 ? text.capacity() + 17 : 0);
}

std::size_t size_of(const suspended_session& s) {
    constexpr std::size_t overhead = 512;  // the entry, its pid twice, the user
    std::size_t bytes = overhead;
    for (const auto& room : s.rooms)
        bytes += size_of(room.name) + sizeof room.from;
    for (const auto& chat : s.left)
        bytes += size_of(chat);
    return bytes;
}

}  // namespace

bool suspended_sessions::add(suspended_session s, time_point now) {
    const std::size_t bytes = size_of(s);
    if (bytes > options_.session_bytes || bytes > options_.total_bytes / 2) {
        counts_.add(metric::recovery_evicted_session);
        return false;
    }
    const std::string pid = s.pid.text();
    const time_point until = now + options_.window;
    const auto [at, fresh] = by_pid_.try_emplace(pid, kept{std::move(s), bytes, until});
    if (!fresh) return false;
    order_.emplace_back(until, pid);
    bytes_ += bytes;
    counts_.add(metric::recovery_sessions);
    return true;
}

const suspended_session* suspended_sessions::find(std::string_view pid,
                                                  std::string_view user) const {
    const auto found = by_pid_.find(pid);
    if (found == by_pid_.end() || found->second.session.user != user) return nullptr;
    return &found->second.session;
}

std::optional<suspended_session> suspended_sessions::take(std::string_view pid) {
    const auto found = by_pid_.find(pid);
    if (found == by_pid_.end()) return std::nullopt;
    suspended_session s = std::move(found->second.session);
    bytes_ -= found->second.bytes;
    by_pid_.erase(found);
    counts_.subtract(metric::recovery_sessions);
    return s;
}

std::vector<suspended_session> suspended_sessions::take_all_of(std::string_view user) {
    std::vector<std::string> pids;
    for (const auto& [pid, one] : by_pid_) {
        if (one.session.user == user) pids.push_back(pid);
    }
    std::vector<suspended_session> all;
    for (const auto& pid : pids) {
        if (auto s = take(pid)) all.push_back(std::move(*s));
    }
    return all;
}

std::optional<suspended_session> suspended_sessions::take_due(time_point now) {
    while (!order_.empty()) {
        const bool crowded = bytes_ > options_.total_bytes / 2;
        if (order_.front().first > now && !crowded) return std::nullopt;
        const auto [until, pid] = std::move(order_.front());
        order_.pop_front();
        const auto found = by_pid_.find(pid);
        // Taken since, and perhaps suspended anew: then a later entry tells.
        if (found == by_pid_.end() || found->second.until != until) continue;
        if (until > now) counts_.add(metric::recovery_evicted_session);
        return take(pid);
    }
    return std::nullopt;
}

}  // namespace chat_gateway::gateway
