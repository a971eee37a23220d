#pragma once

#include "outbox_row.hpp"
#include "outbox_translator.hpp"

#include <chat_gateway/chat/ports/change_feed.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace chat_gateway::postgres {

/// One database session's view of the outbox. Every call may throw: then the session is over, and
/// with it the claim.
class outbox_source {
public:
    virtual ~outbox_source() = default;
    /// True if this session is now the one that publishes; stays so until its end.
    virtual bool claim() = 0;
    /// Rows that are committed from now on wake whoever waits.
    virtual void listen() = 0;
    /// The first of the rows above `after`, in the order of ids, which is that of their commits.
    virtual std::vector<outbox_row> read(std::uint64_t after) = 0;
    /// They are published; the database keeps them for a while, for who has missed them.
    virtual void forget(std::uint64_t up_to) = 0;
    /// What it has kept for long enough goes.
    virtual void sweep() = 0;
};

/// chat::change_sink, for a thread that waits for its answers.
class waiting_sink {
public:
    virtual ~waiting_sink() = default;
    virtual result<> publish_marked(std::vector<chat::change> changes, std::uint64_t after,
                                    std::uint64_t mark) = 0;
    virtual result<std::uint64_t> last_mark() = 0;
};

/// What the publisher of a cluster does, one step at a time. A row is deleted when the sink
/// remembers a mark at or above it, never before; it is published above the mark only. So whichever
/// side dies at whichever moment, the next publisher goes on with the row behind the last one
/// published. One for each session; not thread-safe.
class outbox_publisher {
public:
    /// After the sink was away: time for the other gateways to be subscribed again. What is
    /// published before reaches none of them.
    static constexpr std::chrono::seconds settling_time{3};

    /// With nothing to publish; publishing sweeps by itself.
    static constexpr std::chrono::seconds sweep_interval{5};

    enum class outcome {
        standby,    ///< somebody else publishes
        sink_away,  ///< try again after a while
        settling,   ///< likewise
        published,  ///< there may be more
        idle,       ///< nothing to publish
    };

    outbox_publisher(outbox_source& source, waiting_sink& sink) : source_(source), sink_(sink) {}
    outcome step(time_point now);

private:
    outcome learn_mark(time_point now);
    outcome publish(time_point now);

    outbox_source& source_;
    waiting_sink& sink_;
    outbox_translator translator_;
    bool claimed_ = false;
    std::optional<std::uint64_t> mark_;  ///< what the sink remembers, if that is certain
    bool sink_was_away_ = false;
    time_point settled_{};
    time_point next_sweep_{};
};

}  // namespace chat_gateway::postgres
