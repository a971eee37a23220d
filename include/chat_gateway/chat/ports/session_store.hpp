#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/unique_function.hpp>

#include <optional>
#include <string>
#include <vector>

namespace chat_gateway::chat {

/// Where the back end keeps its sessions. Called, and calls back, on the services loop; never from
/// inside the call.
class session_store {
public:
    /// The record's JSON text; nullopt if there is none (unknown, or expired: only the store
    /// knows); errc::unavailable, timeout or overloaded if the store could not say.
    using load_handler = unique_function<void(result<std::optional<std::string>>)>;
    using done_handler = unique_function<void(result<>)>;

    virtual ~session_store() = default;
    virtual void load(std::string session_id, load_handler handler) = 0;
    /// The same for many: an answer each, in their order, once all have come.
    using load_many_handler =
        unique_function<void(std::vector<result<std::optional<std::string>>>)>;
    virtual void load_many(std::vector<std::string> session_ids, load_many_handler handler);
    /// What a store can tell of sessions by itself, as a hint: `gone` that one may be gone,
    /// `missed` that there may have been such of which nothing was told. At most once, for as long
    /// as the store lives.
    struct watcher {
        unique_function<void(std::string session_id)> gone;
        unique_function<void()> missed;
    };
    virtual void watch(watcher) {}  // most have nothing to tell
    /// Whether it answers now (readiness).
    virtual void ping(done_handler handler) = 0;
};

}  // namespace chat_gateway::chat
