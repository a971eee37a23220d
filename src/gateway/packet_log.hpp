#pragma once

#include <chat_gateway/base/ids.hpp>
#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/base/slot_map.hpp>
#include <chat_gateway/gateway/delivery.hpp>
#include <chat_gateway/gateway/metrics.hpp>
#include <chat_gateway/gateway/recovery.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace chat_gateway::gateway {

/// The messages of the last while, for clients that come back: by position, and by room. Bounded in
/// time, in bytes for each room, and in bytes altogether; what had to go is remembered per room as
/// the position up to which it is incomplete, so that a gap is never taken for silence. Lives on
/// the services loop.
class packet_log {
public:
    packet_log(const recovery_options& o, metrics_block& counts) : options_(o), counts_(counts) {}

    /// Names a room's history; none: nothing is remembered of it.
    using room_id = slot_handle;

    /// A room whose messages are complete behind `position`. Nothing was added for it since then.
    [[nodiscard]] room_id open(std::uint64_t position);
    /// Nobody holds the room any more.
    void close(room_id room);
    /// Something may have been missed in every room.
    void gap();

    [[nodiscard]] std::uint64_t last_position() const { return last_; }
    /// The position of the message that add() gets next.
    [[nodiscard]] std::uint64_t next_position() const { return last_ + 1; }
    /// `rooms`: those of the message's that are open, each once; for everybody if it names none.
    void add(const delivery& d, std::span<const room_id> rooms, time_point now);
    /// Forgets what is older than the options allow.
    void expire(time_point now);
    /// Forgets the oldest until no more than `bytes` are kept.
    void shrink(std::size_t bytes);

    /// What a session whose last message was `offset`, who is in `rooms` (`ids` are theirs), has
    /// missed, in order; nullopt if that is not known whole any more, or more than `most_bytes`.
    [[nodiscard]] std::optional<delivery_batch> missed(std::uint64_t offset, std::uint64_t start,
                                                       const std::vector<held_room>& rooms,
                                                       std::span<const room_id> ids,
                                                       std::size_t most_bytes);

    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    [[nodiscard]] bool empty() const { return entries_.empty(); }

private:
    /// What few messages have.
    struct rest {
        std::vector<server::wire_bytes> attachments;
        std::vector<std::string> except;
        std::vector<room_id> others;  ///< rooms beside the first
    };
    /// A message without what only its delivery needs: there may be one for each connection.
    struct entry {
        server::wire_bytes text;  ///< empty once no room remembers it
        time_point when;
        std::uint32_t bytes = 0;
        std::uint32_t histories = 0;  ///< that have it
        room_id first{};              ///< the room of nearly all messages; none: it is everybody's
        std::unique_ptr<rest> more{};

        [[nodiscard]] bool kept() const { return !text.frame().empty(); }
        void forget() {
            text = {};
            more.reset();
        }
        [[nodiscard]] std::shared_ptr<const delivery> as_delivery(std::uint64_t position) const;
    };
    struct history {
        std::uint64_t opened_at = 0;
        std::uint64_t incomplete_to = 0;       ///< messages up to here may be missing
        std::vector<std::uint64_t> positions;  ///< ascending
        std::size_t bytes = 0;

        void clear(std::uint64_t now_incomplete_to) {
            incomplete_to = now_incomplete_to;
            positions = {};
            bytes = 0;
        }
    };

    [[nodiscard]] entry& at(std::uint64_t position) { return entries_[position - first_]; }
    [[nodiscard]] const entry& at(std::uint64_t position) const {
        return entries_[position - first_];
    }
    void note(room_id room, std::uint64_t position);
    void remember(history& h, std::uint64_t position);
    void forget_in(history& h);
    void forget_oldest(history& h);
    void release(std::uint64_t position);
    void drop_front();
    void pop_front();
    void trim();
    [[nodiscard]] static bool collect(const history& h, std::uint64_t floor,
                                      std::vector<std::uint64_t>& into);

    const recovery_options options_;
    metrics_block& counts_;
    std::deque<entry> entries_;  ///< positions first_ .. last_
    std::uint64_t first_ = 2;
    std::uint64_t last_ = 1;  ///< 0 is no position: some say so that they know none
    std::uint64_t last_gap_ = 0;
    slot_map<history> rooms_;
    history everybody_;  ///< messages without rooms
    std::size_t bytes_ = 0;
};

}  // namespace chat_gateway::gateway
