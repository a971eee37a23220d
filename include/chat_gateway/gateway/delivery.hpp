#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/server/wire_packet.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace chat_gateway::gateway {

/// A bus message as the shards get it: encoded, shared by all of them.
struct delivery {
    server::wire_bytes text;
    std::vector<server::wire_bytes> attachments;
    std::vector<std::string> rooms;  ///< empty: everybody
    std::vector<std::string> except;
    std::uint64_t position = 0;  ///< in the packet log; 0: not in it
    time_point read{};           ///< when the bus brought it
    bool droppable = false;      ///< `volatile`: not for a socket that cannot be written to now

    /// Of all its frames.
    [[nodiscard]] std::size_t bytes() const {
        std::size_t sum = text.frame().size();
        for (const auto& a : attachments)
            sum += a.frame().size();
        return sum;
    }
};
/// All of one bus read that may concern a shard, in order.
using delivery_batch = std::vector<std::shared_ptr<const delivery>>;

}  // namespace chat_gateway::gateway
