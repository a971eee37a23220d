#pragma once

#include <chat_gateway/socketio/cluster/message.hpp>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace chat_gateway::chat {

/// What POST /v1/messages takes: one serverMessage object or an array of them (an empty one is no
/// messages). Fields: chat_id, message_id, content, type strings (ids not empty), author string or
/// null, timestamp a number (finite); all required. The event goes to room chat_id, its fields in
/// the contract's order: chat_id, message_id, author, content, timestamp, type, and behind them
/// what else the object has, by name, nested up to 64 deep. On a fault: a sentence that names the
/// element and field and what is accepted, e.g. `[3].timestamp: must be a number`.
std::variant<std::vector<socketio::cluster::message>, std::string> parse_server_messages(
    std::string_view json);

}  // namespace chat_gateway::chat
