#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/chat/ports/message_bus.hpp>
#include <chat_gateway/gateway/metrics.hpp>
#include <chat_gateway/server/wire_packet.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace chat_gateway::gateway {

/// A bus message as the shards get it: encoded, shared by all of them.
struct delivery {
    server::wire_bytes text;
    std::vector<server::wire_bytes> attachments;
    std::vector<std::string> rooms;  ///< empty: everybody
    std::vector<std::string> except;
};
/// All of one bus read that may concern a shard, in order.
using delivery_batch = std::vector<std::shared_ptr<const delivery>>;

/// Between the bus and the shards: who wants which room, and what goes to whom. Lives on the
/// services loop. A shard holds a room from its first member to its last; the bus is asked on a
/// room's first holder and told `grace` after the last one let go, so that a reload of a page does
/// not make the subscription flap.
class hub {
public:
    /// Hands a batch to a shard; called on the services loop.
    using deliver_function = unique_function<void(unsigned shard, delivery_batch batch)>;
    static constexpr unsigned max_shards = 64;
    static constexpr std::chrono::seconds grace{5};

    hub(scheduler& timers, chat::message_bus& bus, metrics_block& counts, unsigned shards,
        deliver_function deliver);

    /// Whether messages get a compressed frame as well; off at first.
    void set_compression(bool on) { compression_ = on; }

    /// The shard holds `taken` from now on; `done` when the bus has confirmed these and all of
    /// `wanted` (rooms the shard holds already, perhaps without confirmation yet).
    void acquire(unsigned shard, const std::vector<std::string>& taken,
                 std::vector<std::string> wanted, unique_function<void()> done);
    void release(unsigned shard, const std::vector<std::string>& rooms);

    void publish(std::vector<socketio::cluster::message> messages,
                 chat::message_bus::done_handler done);

    [[nodiscard]] std::size_t room_count() const { return holders_.size(); }

private:
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const {
            return std::hash<std::string_view>{}(s);
        }
    };

    void on_messages(std::vector<socketio::cluster::message> messages);
    [[nodiscard]] std::uint64_t shards_for(const socketio::cluster::message& m) const;
    void arm_sweep();
    void drop_unheld();

    scheduler& timers_;
    chat::message_bus& bus_;
    metrics_block& counts_;
    unsigned shards_;
    deliver_function deliver_;
    struct holding {
        std::uint64_t shards = 0;  ///< a bit each; 0 while the grace period runs
        time_point released{};     ///< when the last one let go
    };
    std::unordered_map<std::string, holding, text_hash, std::equal_to<>> holders_;
    std::deque<std::pair<time_point, std::string>> unheld_;  ///< in order of release
    bool sweep_armed_ = false;
    bool compression_ = false;
};

}  // namespace chat_gateway::gateway
