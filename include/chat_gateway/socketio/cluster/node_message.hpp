#pragma once

#include <chat_gateway/socketio/cluster/message.hpp>
#include <chat_gateway/socketio/cluster/request.hpp>

#include <string>
#include <variant>

namespace chat_gateway::socketio::cluster {

/// A message of a type that is nothing to its reader: heartbeats of other adapters, later versions.
struct ignored {
    bool operator==(const ignored&) const = default;
};

/// What the sharded and the streams adapter have on their wires, which differ in framing only.
struct node_message {
    std::string uid{};  ///< the node that says it, `emitter` if it is none; also in `what`'s `from`
    std::variant<ignored, message, request, response> what{};
    bool operator==(const node_message&) const = default;
};

}  // namespace chat_gateway::socketio::cluster
