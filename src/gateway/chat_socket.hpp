#pragma once

#include <chat_gateway/base/ids.hpp>
#include <chat_gateway/gateway/services.hpp>
#include <chat_gateway/socketio/client.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace chat_gateway::gateway {

/// One session's Socket.IO side: its user, and how far it is on the way into its rooms.
struct chat_socket {
    /// Joins that wait for the database, by chat: the latest request of each. Chats left while the
    /// list is on its way.
    struct in_flight {
        std::map<std::string, std::uint32_t> joins;
        std::set<std::string> left;
    };

    slot_handle session;
    std::string user;
    public_id id;  ///< what the client knows as socket.id
    time_point opened;
    socketio::client protocol;
    services::load_id load = 0;  ///< of the chat list, while it is on its way
    std::uint32_t life =
        1;  ///< counts namespace connections: a late answer for an earlier one is void
    std::uint32_t join_sequence = 0;
    std::uint32_t questions = 0;  ///< about permissions, under way, whatever became of their joins
    bool websocket = false;
    bool entering = false;        ///< its chat list was asked for, in this life
    bool own_room_held = false;   ///< messages to its socket id reach this shard
    bool connect_wanted = false;  ///< CONNECT has come and is not answered
    bool rooms_ready = false;     ///< joined and confirmed, or given up on for now
    bool connected = false;
    std::unique_ptr<in_flight> waiting;  ///< null when nothing is

    in_flight& pending() {
        if (!waiting) waiting = std::make_unique<in_flight>();
        return *waiting;
    }
    void settle() {
        if (waiting && waiting->joins.empty() && load == 0) waiting.reset();
    }
};

}  // namespace chat_gateway::gateway
