#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/base/text_map.hpp>
#include <chat_gateway/chat/ports/message_bus.hpp>
#include <chat_gateway/gateway/delivery.hpp>
#include <chat_gateway/gateway/metrics.hpp>
#include <chat_gateway/gateway/ranking.hpp>
#include <chat_gateway/gateway/recovery.hpp>
#include <chat_gateway/socketio/recovery.hpp>
#include <chat_gateway/socketio/room_index.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace chat_gateway::gateway {

class packet_log;
class stored_recovery;
class suspended_sessions;

/// A session that is back: what it was, and what it has missed.
struct resumption {
    suspended_session session;
    delivery_batch missed;
};

/// A room that a shard has no member of any more, and what went on there.
struct left_room {
    std::string name;
    socketio::room_index::tally so_far{};
};

/// Between the bus and the shards: who wants which room, and what goes to whom. Lives on the
/// services loop. A shard holds a room from its first member to its last, a suspended session holds
/// its rooms; the bus is asked on a room's first holder and told `grace` after the last one let go,
/// so that a reload of a page does not make the subscription flap.
class hub {
public:
    /// Hands a batch to a shard; called on the services loop.
    using deliver_function = unique_function<void(unsigned shard, delivery_batch batch)>;
    static constexpr unsigned max_shards = 64;
    static constexpr std::chrono::seconds grace{5};
    /// Rooms expected at a time; of more, the latest count.
    static constexpr std::size_t max_expected = 10'000;

    hub(scheduler& timers, chat::message_bus& bus, metrics_block& counts, unsigned shards,
        recovery_options recovery, deliver_function deliver);
    ~hub();

    /// Whether messages get a compressed frame as well; off at first.
    void set_compression(bool on) { compression_ = on; }

    /// What a session may be replayed, instead of the option of that name.
    void set_session_bytes(std::size_t bytes) { recovery_.session_bytes = bytes; }

    /// Where the bus keeps its messages, and sessions are kept outside: their positions are the
    /// bus', and nothing is kept here (`recovery` is off). Before anything else.
    void set_stored(stored_recovery& stored) { stored_ = &stored; }

    /// As the shards get it.
    [[nodiscard]] std::shared_ptr<const delivery> encode(socketio::cluster::message&& m) const;

    /// What the bus brings: see message_bus::handlers.
    void on_messages(std::vector<socketio::cluster::message> messages);
    void on_gap();

    /// The shard holds these rooms from now on; `done` when the bus has confirmed them, and with
    /// them every room held before. It is told the position in the packet log at the time of this
    /// call.
    void acquire(unsigned shard, std::vector<std::string> taken,
                 unique_function<void(std::uint64_t position)> done);
    void release(unsigned shard, const std::vector<std::string>& rooms);
    /// The same, and what went on in these rooms there is remembered while they are held.
    void release(unsigned shard, const std::vector<left_room>& rooms);
    /// Shards are about to be told to put sockets into these rooms: what the bus brings for them
    /// goes to every shard, behind that order, for as long as the grace period. By then they hold
    /// them or do not want them. Until then it is kept for recovery as if they held them.
    void expect(const std::vector<std::string>& rooms);
    /// In the packet log; 0 if none is kept here.
    [[nodiscard]] std::uint64_t last_position() const;

    /// For rooms that shards are told to put sockets into later: those that nobody holds stay
    /// subscribed for the grace period from now on. Whether there was one that was not;
    /// `confirmed`: from now on none of their messages is missed.
    bool hold_briefly(const std::vector<std::string>& rooms,
                      chat::message_bus::done_handler confirmed);
    [[nodiscard]] bool subscribes(std::string_view room) const { return holders_.contains(room); }

    void publish(std::vector<socketio::cluster::message> messages,
                 chat::message_bus::done_handler done);

    /// Keeps a session whose connection was lost; its shard releases its rooms behind this call.
    void suspend(suspended_session s);
    /// nullptr unless the pid is a suspended session of that user.
    [[nodiscard]] const suspended_session* suspended(std::string_view pid,
                                                     std::string_view user) const;
    /// Ends the suspension of all sessions of that user: nobody comes back to them.
    void forget(std::string_view user);
    /// Ends the suspension. Of the session's rooms those in `rooms`, which its new shard holds by
    /// now, come back; messages behind the last of `missed` reach that shard after this call.
    [[nodiscard]] std::variant<resumption, recovery_failure> resume(
        const socketio::recovery_claim& claim, std::string_view user,
        const std::vector<std::string>& rooms);

    [[nodiscard]] std::size_t room_count() const { return holders_.size(); }
    /// A join of that room was refused; counts while it is held.
    void note_denial(std::string_view room);
    /// What is known of a room here since it is held: messages of the bus, denials, and what went
    /// on at shards that it has been left at.
    struct room_counts {
        std::uint64_t messages = 0;
        std::uint64_t denials = 0;
        socketio::room_index::tally before{};
    };
    [[nodiscard]] room_counts counts_of(std::string_view room) const;
    /// The held rooms with the most messages, busiest first, of those that `wanted(name)`; behind
    /// them silent ones, if there is place, of the first that are come across.
    [[nodiscard]] std::vector<std::string> busiest(
        std::size_t most, const std::function<bool(std::string_view)>& wanted) const;

private:
    /// There may be one for each connection: what few rooms have is in `asides_`.
    struct holding {
        static constexpr std::uint64_t never = ~std::uint64_t{0};
        std::uint64_t shards = 0;  ///< a bit each
        /// Position from which on what the bus brings for it is kept: it was confirmed there, or
        /// expected before that.
        std::uint64_t known_from = never;
        slot_handle log;              ///< its place in the packet log; most rooms are silent
        std::uint32_t suspended = 0;  ///< sessions
        std::uint32_t rank = 0;       ///< in busy_, by messages that the bus brought
        [[nodiscard]] bool held() const { return shards != 0 || suspended != 0; }
    };
    using held_name = text_map<holding>::entry;
    struct aside {
        time_point released{};                 ///< when the last one let go
        std::uint32_t denials = 0;             ///< stays at the most it can be
        socketio::room_index::tally before{};  ///< at shards that have left it
    };

    struct expectation {
        time_point until;
        std::uint64_t position = 0;  ///< in the packet log, when it began
        slot_handle log{};           ///< as a holding's, until one takes it over
    };

    void on_confirmed(const std::vector<std::string>& rooms);
    void take_over(holding& h, expectation& e) const;
    [[nodiscard]] slot_handle log_of(holding& h);
    [[nodiscard]] slot_handle log_of(expectation& e);
    void note_log(slot_handle log);
    /// Who is to get a message: shards as bits, and the rooms' places in the packet log.
    struct audience {
        std::uint64_t shards = 0;
        bool anybody = false;  ///< suspended sessions count as well
    };
    [[nodiscard]] audience audience_of(const std::vector<std::string>& rooms);
    [[nodiscard]] std::uint64_t next_position(const socketio::cluster::message& m) const;
    void let_go(const held_name& room, time_point now);
    void end_suspension(const suspended_session& s);
    void forget_expected();
    [[nodiscard]] std::uint64_t all_shards() const;
    void arm_sweep();
    void drop_unheld();
    void tidy_recovery();
    void note_recovery_bytes();

    scheduler& timers_;
    chat::message_bus& bus_;
    metrics_block& counts_;
    unsigned shards_;
    recovery_options recovery_;
    stored_recovery* stored_ = nullptr;
    time_point read_{};  ///< when the bus brought the messages at hand
    deliver_function deliver_;
    text_map<holding> holders_;
    text_map<aside> asides_;  ///< of held rooms, and of those within their grace period
    ranking<held_name> busy_;
    std::deque<std::pair<time_point, std::string>> unheld_;  ///< in order of release
    text_map<expectation> expected_;
    std::deque<std::pair<time_point, std::string>> expiring_;  ///< the same, in order of time
    bool sweep_armed_ = false;
    bool compression_ = false;
    bool tidy_armed_ = false;
    const socketio::offset_format offsets_;
    std::unique_ptr<packet_log> log_;
    std::vector<slot_handle> logs_;  ///< of the message at hand: its rooms' places in the log
    std::unique_ptr<suspended_sessions> suspended_;
};

}  // namespace chat_gateway::gateway
