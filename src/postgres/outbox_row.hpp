#pragma once

#include <cstdint>
#include <string>

namespace chat_gateway::postgres {

/// A row of chat_gateway.outbox (config/postgres/outbox.sql).
struct outbox_row {
    std::uint64_t id = 0;
    std::string kind{};  ///< message, join, leave, chat_deleted
    std::string chat{};
    std::string user{};     ///< of join and leave
    std::string payload{};  ///< of message: the serverMessage as JSON
};

}  // namespace chat_gateway::postgres
