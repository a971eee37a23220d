#pragma once

#include <chat_gateway/chat/ports/change_feed.hpp>

#include <cstdint>
#include <mutex>
#include <optional>

namespace chat_gateway::postgres {

/// What a feed tells of itself, over all of its sessions. Thread-safe.
class feed_record {
public:
    [[nodiscard]] chat::feed_figures figures() const {
        const std::lock_guard lock(mutex_);
        return figures_;
    }
    void take_part(chat::feed_figures::role part) {
        const std::lock_guard lock(mutex_);
        figures_.part = part;
    }
    void published(std::uint64_t changes, std::uint64_t malformed) {
        const std::lock_guard lock(mutex_);
        figures_.published += changes;
        figures_.malformed += malformed;
    }
    void sink_failed() {
        const std::lock_guard lock(mutex_);
        ++figures_.sink_failures;
    }
    /// Whatever waits is somebody else's from now on.
    void source_failed() {
        const std::lock_guard lock(mutex_);
        ++figures_.source_failures;
        figures_.part = chat::feed_figures::role::unable;
        figures_.waiting = 0;
        figures_.oldest.reset();
    }
    void waits(std::uint64_t rows, time_point oldest) {
        const std::lock_guard lock(mutex_);
        figures_.waiting = rows;
        figures_.oldest = oldest;
    }
    void nothing_waits() {
        const std::lock_guard lock(mutex_);
        figures_.waiting = 0;
        figures_.oldest.reset();
    }

private:
    mutable std::mutex mutex_;
    chat::feed_figures figures_;
};

}  // namespace chat_gateway::postgres
