#pragma once

#include <chat_gateway/base/scheduler.hpp>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>

namespace chat_gateway::postgres {

/// Shuts down sockets whose owner has waited too long: statement_timeout is kept by the server, so
/// it is no help when the server itself hangs. A thread of its own; thread-safe.
class watchdog {
public:
    using watch_id = std::uint64_t;

    watchdog();
    ~watchdog();
    watchdog(const watchdog&) = delete;
    watchdog& operator=(const watchdog&) = delete;

    /// The socket must stay open until unwatch().
    watch_id watch(int socket, time_point deadline);
    /// True if the deadline came first: the socket has been shut down.
    bool unwatch(watch_id id);

private:
    struct watched {
        int socket;
        time_point deadline;
        bool cut = false;
    };

    void run();
    time_point cut_overdue(time_point now);

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<watch_id, watched> watched_;
    watch_id last_id_ = 0;
    bool stopped_ = false;
    std::thread thread_;
};

}  // namespace chat_gateway::postgres
