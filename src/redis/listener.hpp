#pragma once

#include "link.hpp"

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/unique_function.hpp>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::redis {

/// Views, good for the call that brings it.
struct published {
    std::string_view channel;
    std::string_view payload;
    bool operator==(const published&) const = default;
};

struct listener_options {
    link_options link{.name = "bus"};
    std::chrono::milliseconds ping_interval{5000};
    std::string pattern{};  ///< of PSUBSCRIBE; empty: none; not with sharded
    bool sharded =
        false;  ///< SSUBSCRIBE and SPUBLISH's messages instead of SUBSCRIBE and PUBLISH's
    bool every_master = false;  ///< for what each node tells of itself only: keyspace notifications
};

/// The listening side of a bus. What is subscribed to survives a reconnect. Lives on its loop; not
/// thread-safe.
class channel_listener {
public:
    /// All that one read brought.
    using message_handler = unique_function<void(std::span<const published>)>;
    using waiter = unique_function<void(result<>)>;

    virtual ~channel_listener() = default;
    /// Once. `gap`: something may be missed from now on; and again when all subscriptions are in
    /// force anew. The handlers must not outlive what they call: stop() comes first.
    virtual void start(message_handler handler, unique_function<void()> gap) = 0;
    /// Waiters get errc::closed.
    virtual void stop() = 0;

    /// Done when these channels, and all subscribed to before, are in force. While Redis is away it
    /// waits; errc::overloaded when too many wait.
    virtual void subscribe(std::vector<std::string> channels, waiter done) = 0;
    virtual void unsubscribe(const std::vector<std::string>& channels) = 0;

    /// Paused, it reads nothing: Redis keeps what it has for this connection, up to its
    /// client-output-buffer-limit for pubsub; past that it closes the connection.
    virtual void pause(bool paused) = 0;

    [[nodiscard]] virtual bool is_up() const = 0;
    [[nodiscard]] virtual std::uint64_t reconnects() const = 0;
};

}  // namespace chat_gateway::redis
