#include <chat_gateway/memory/memory.hpp>

#include <utility>

namespace chat_gateway::memory {

void session_store::erase(const std::string& session_id) {
    if (records_.erase(session_id) == 0 || !watcher_.gone || !tells_) return;
    timers_.after({}, [this, session_id] { watcher_.gone(session_id); });
}

void session_store::load(std::string session_id, load_handler handler) {
    result<std::optional<std::string>> answer = std::optional<std::string>();
    if (!available_) {
        answer = make_error_code(errc::unavailable);
    } else if (const auto it = records_.find(session_id); it != records_.end()) {
        answer = std::optional<std::string>(it->second);
    }
    timers_.after({}, [handler = std::move(handler), answer = std::move(answer)]() mutable {
        handler(std::move(answer));
    });
}

void session_store::ping(done_handler handler) {
    timers_.after({}, [handler = std::move(handler), up = available_]() mutable {
        handler(up ? result<>() : make_error_code(errc::unavailable));
    });
}

}  // namespace chat_gateway::memory
