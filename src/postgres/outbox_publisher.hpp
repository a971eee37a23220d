#pragma once

#include "feed_record.hpp"
#include "outbox_row.hpp"
#include "outbox_translator.hpp"

#include <chat_gateway/chat/ports/change_feed.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace chat_gateway::postgres {

/// Rows that have not been published, as far as is known.
struct outbox_backlog {
    std::uint64_t rows = 0;  ///< at least 1; counted up to a limit
    std::uint64_t first = 0;
    /// Of the first one; nothing: it was written by an outbox.sql that did not note the time.
    std::optional<std::chrono::microseconds> age{};
};

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
    /// What is above `after`; nothing: no row is. Costs no more than the rows that it counts.
    virtual std::optional<outbox_backlog> waiting(std::uint64_t after) = 0;
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

    /// How often what waits is looked at, while something does.
    static constexpr std::chrono::seconds look_interval{1};

    enum class outcome {
        standby,    ///< somebody else publishes
        sink_away,  ///< try again after a while
        settling,   ///< likewise
        published,  ///< there may be more
        idle,       ///< nothing to publish
    };

    /// All outlive this.
    outbox_publisher(outbox_source& source, waiting_sink& sink, feed_record& record)
        : source_(source), sink_(sink), record_(record) {}
    outcome step(time_point now);

private:
    struct batch {
        std::uint64_t last;  ///< id
        std::size_t changes;
        std::size_t malformed;
    };
    outcome learn_mark(time_point now);
    outcome publish(time_point now);
    void note(const batch& published);
    void look(time_point now);

    outbox_source& source_;
    waiting_sink& sink_;
    feed_record& record_;
    outbox_translator translator_;
    bool claimed_ = false;
    std::optional<std::uint64_t> mark_;  ///< what the sink remembers, if that is certain
    std::uint64_t published_to_ = 0;     ///< it has remembered this at some time
    std::optional<batch> in_doubt_;      ///< published or not: the mark will tell
    bool sink_was_away_ = false;
    time_point settled_{};
    time_point next_sweep_{};
    time_point next_look_{};
    std::uint64_t first_waiting_ = 0;  ///< id, and when it was first seen to be that
    time_point first_seen_{};
};

}  // namespace chat_gateway::postgres
