#pragma once

#include <chat_gateway/socketio/cluster/message.hpp>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace chat_gateway::chat {

/// What POST /v1/messages takes: one serverMessage object or an array of up to 1000 of them (an
/// empty one is no messages). Fields: chat_id, message_id, content, type strings (ids 1 to 256
/// bytes), author string or null, timestamp a number (finite); all required, others refused. The
/// event goes to room chat_id, its fields in the contract's order: chat_id, message_id, author,
/// content, timestamp, type. On a fault: a sentence that names the element and field and what is
/// accepted, e.g. `[3].timestamp: must be a number`.
std::variant<std::vector<socketio::cluster::message>, std::string> parse_server_messages(
    std::string_view json);

}  // namespace chat_gateway::chat
