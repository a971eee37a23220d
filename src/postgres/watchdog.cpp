#include "watchdog.hpp"

#include <algorithm>
#include <sys/socket.h>

namespace chat_gateway::postgres {

watchdog::watchdog() : thread_([this] { run(); }) {}

watchdog::~watchdog() {
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

watchdog::watch_id watchdog::watch(int socket, time_point deadline) {
    const std::lock_guard lock(mutex_);
    const auto id = ++last_id_;
    watched_.emplace(id, watched{socket, deadline});
    changed_.notify_one();
    return id;
}

bool watchdog::unwatch(watch_id id) {
    const std::lock_guard lock(mutex_);
    const auto node = watched_.extract(id);
    return !node.empty() && node.mapped().cut;
}

void watchdog::run() {
    std::unique_lock lock(mutex_);
    while (!stopped_) {
        const auto next = cut_overdue(steady_clock::now());
        if (next == time_point::max()) {
            changed_.wait(lock);
        } else {
            changed_.wait_until(lock, next);
        }
    }
}

time_point watchdog::cut_overdue(time_point now) {
    auto next = time_point::max();
    for (auto& [id, w] : watched_) {
        if (w.cut) continue;
        if (w.deadline > now) {
            next = std::min(next, w.deadline);
            continue;
        }
        ::shutdown(w.socket, SHUT_RDWR);
        w.cut = true;
    }
    return next;
}

}  // namespace chat_gateway::postgres
