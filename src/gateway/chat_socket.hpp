#pragma once

#include "handshake_gate.hpp"
#include "user_registry.hpp"

#include <chat_gateway/base/ids.hpp>
#include <chat_gateway/base/token_bucket.hpp>
#include <chat_gateway/gateway/connection_limits.hpp>
#include <chat_gateway/gateway/services.hpp>
#include <chat_gateway/socketio/client.hpp>
#include <chat_gateway/socketio/recovery.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chat_gateway::gateway {

/// The user's id, which the user_registry keeps for as long as the socket is there.
class user_name {
public:
    user_name() = default;
    explicit user_name(const chat::login& who) : who_(&who) {}
    operator std::string_view() const { return who_->user(); }  // NOLINT: it is one
    [[nodiscard]] std::string text() const { return std::string(who_->user()); }
    bool operator==(std::string_view other) const { return who_->user() == other; }

private:
    const chat::login* who_ = nullptr;
};

/// One session's Socket.IO side: its user, and how far it is on the way into its rooms.
struct chat_socket {
    /// Joins that wait for the database, by chat: the latest request of each. Chats left while the
    /// list is on its way.
    struct in_flight {
        std::map<std::string, std::uint32_t> joins;
        std::set<std::string> left;
        std::set<std::string> taken;  ///< left by the order of a server, which may take that back
    };
    /// What differs from "in all chats of the list since CONNECT", for a later recovery.
    struct deviations {
        std::map<std::string, std::uint64_t> joined_at;  ///< positions of later joins, by room
        std::set<std::string> left;
        bool unrecoverable = false;  ///< not known any more, or messages have been missed
    };
    /// On the way back into the session of an earlier connection.
    struct returning {
        socketio::recovery_claim claim;
        std::optional<suspended_session> found;
        bool checking = false;           ///< rooms are being checked; each step once
        std::size_t answers_due = 0;     ///< of the permission questions
        bool checkable = true;           ///< all of them could be answered
        std::vector<std::string> extra;  ///< rooms beside the chat list, with permission
    };

    /// What it counts for, where there are limits.
    struct limited {
        std::unique_ptr<connection_limits::place> place;
        token_bucket events;
        token_bucket dropped;  ///< of those; empty, it is disconnected
    };

    slot_handle session;
    user_name user;
    public_id id;   ///< what the client knows as socket.id
    public_id pid;  ///< what it comes back with
    time_point opened;
    socketio::client protocol;
    services::load_id load = 0;  ///< of the chat list, while it is on its way
    std::uint64_t start = 0;     ///< position in the packet log at CONNECT
    std::uint32_t life =
        1;  ///< counts namespace connections: a late answer for an earlier one is void
    std::uint32_t join_sequence = 0;
    std::uint8_t questions = 0;  ///< about permissions, under way, whatever became of their joins
    bool websocket = false;
    bool entering = false;        ///< its chat list was asked for, in this life
    bool own_room_held = false;   ///< messages to its socket id reach this shard
    bool connect_wanted = false;  ///< CONNECT has come and is not answered
    bool rooms_ready = false;     ///< joined and confirmed, or given up on for now
    bool connected = false;
    bool recovered = false;                      ///< id and pid are of an earlier connection
    std::unique_ptr<in_flight> waiting;          ///< null when nothing is
    std::unique_ptr<deviations> since_connect;   ///< null: none
    std::unique_ptr<returning> back;             ///< null: not returning, or arrived
    std::unique_ptr<limited> limits;             ///< null: nothing is limited
    std::unique_ptr<handshake_gate::pass> pass;  ///< null: its handshake is over

    in_flight& pending() {
        if (!waiting) waiting = std::make_unique<in_flight>();
        return *waiting;
    }
    void settle() {
        if (waiting && waiting->joins.empty() && load == 0) waiting.reset();
    }
    deviations& history() {
        if (!since_connect) since_connect = std::make_unique<deviations>();
        return *since_connect;
    }
};

}  // namespace chat_gateway::gateway
