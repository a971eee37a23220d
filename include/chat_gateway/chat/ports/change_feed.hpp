#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/socketio/cluster/message.hpp>
#include <chat_gateway/socketio/cluster/request.hpp>

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace chat_gateway::chat {

/// What a change becomes for the cluster: a message, or a join or leave of sockets.
using change = std::variant<socketio::cluster::message, socketio::cluster::request>;

/// Where a feed of changes publishes them. It remembers a mark, atomically with what was published
/// under it, for the whole cluster: so a publisher that died before it could say so is not followed
/// by one that publishes the same again. Called, and calls back, on the services loop.
class change_sink {
public:
    using done_handler = unique_function<void(result<>)>;
    using mark_handler = unique_function<void(result<std::uint64_t>)>;

    virtual ~change_sink() = default;
    /// If the mark remembered is `after`, publishes all of them, in order, and remembers `mark`; if
    /// it is another one, none of them: errc::closed, somebody else has been at work. After another
    /// error (unavailable, timeout) it may have been all or none, now or later, but not both this
    /// and what is published behind the mark that last_mark() then tells.
    virtual void publish_marked(std::vector<change> changes, std::uint64_t after,
                                std::uint64_t mark, done_handler done) = 0;
    /// 0: none is remembered.
    virtual void last_mark(mark_handler handler) = 0;
};

/// What a feed has done since its start, and what it knows of what is still to be done.
struct feed_figures {
    /// Of all feeds on a source one publishes and the others stand by; one that cannot use the
    /// source does neither.
    enum class role : std::uint8_t { unable, standby, publisher };

    role part = role::unable;
    std::uint64_t published = 0;        ///< changes
    std::uint64_t malformed = 0;        ///< left out: they say nothing that could be published
    std::uint64_t sink_failures = 0;    ///< of what the sink was asked; each is asked again
    std::uint64_t source_failures = 0;  ///< of what the source was asked; likewise
    /// What the publisher knows of, up to a limit of its own; 0 for the others.
    std::uint64_t waiting = 0;
    std::optional<time_point> oldest{};  ///< when the first of these came to the source
};

/// A source of changes: it publishes by itself from start() on until it is destroyed. Of all
/// gateways of a cluster one does at a time. Destroyed on the services loop; its calls into the
/// sink end with it.
class change_feed {
public:
    virtual ~change_feed() = default;
    virtual void start(change_sink& sink) = 0;
    /// Thread-safe.
    [[nodiscard]] virtual feed_figures figures() const = 0;
};

}  // namespace chat_gateway::chat
