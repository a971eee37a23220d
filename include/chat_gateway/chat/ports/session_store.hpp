#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/unique_function.hpp>

#include <optional>
#include <string>

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
    /// Whether it answers now (readiness).
    virtual void ping(done_handler handler) = 0;
};

}  // namespace chat_gateway::chat
