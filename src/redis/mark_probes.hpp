#pragma once

#include "bus_parts.hpp"
#include "client.hpp"

#include <chat_gateway/chat/ports/bus_marks.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace chat_gateway::redis {

/// The mark of the outbox as the bus brings it: a script reads it and publishes it to this bus, in
/// one, so that it comes behind what was published under it and ahead of what is published next.
/// Owned by its bus, and as its bus not thread-safe.
class mark_probes {
public:
    /// `channel`: this bus's own, which it listens to. `publish`: PUBLISH or SPUBLISH.
    mark_probes(client& redis, std::string key, std::string channel, std::string_view publish);

    void open(chat::bus_marks::mark_handler handler);
    /// Whether that is a mark; whoever asked for it is told now.
    [[nodiscard]] bool take(std::string_view channel, std::string_view payload);
    /// What is on its way does not come.
    void fail_all() { open_->fail_all(); }

private:
    client& redis_;
    std::string key_;
    std::string channel_;
    std::string_view publish_;
    /// Redis' answer to the script may come after the end.
    std::shared_ptr<probes<result<std::uint64_t>>> open_;
};

}  // namespace chat_gateway::redis
