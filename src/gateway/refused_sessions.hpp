#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/base/slot_map.hpp>
#include <chat_gateway/gateway/connection_limits.hpp>
#include <chat_gateway/socketio/client.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace chat_gateway::gateway {

/// Engine.IO sessions whose handshake was let through only for CONNECT to be refused
/// (session.reject connect_error). They are nobody's: no user, no socket id, no room, so that
/// nothing that looks for sockets can find them. Each ends when its client leaves, as the stock
/// client does at once, or with the connect timeout, which nothing here ever lifts. Lives on its
/// shard's loop.
class refused_sessions {
public:
    /// Of one loop. Whoever asks for no session at all must not be able to hold more memory than
    /// this: above it, handshakes are refused by HTTP.
    static constexpr std::size_t most = 1000;

    [[nodiscard]] bool full() const { return entries_.size() >= most; }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

    /// `place`: what the session counts for as long as it is open; may be null.
    void add(slot_handle session, std::unique_ptr<connection_limits::place> place, bool websocket,
             time_point now);

    /// What a message from the client comes to.
    struct outcome {
        std::vector<std::string> answers;  ///< Socket.IO packets, without Engine.IO's type
        std::size_t unauthorized = 0;      ///< how many of them refuse the namespace of the chats
        bool malformed = false;            ///< the session is to be closed
    };
    [[nodiscard]] outcome on_message(slot_handle session, std::string_view data, bool binary);

    struct entry {
        slot_handle session;
        std::unique_ptr<connection_limits::place> place;
        socketio::client protocol;
        time_point opened;
        bool websocket = false;
    };
    /// nullptr: it is not one of these.
    [[nodiscard]] entry* find(slot_handle session);
    void remove(slot_handle session);

private:
    std::unordered_map<std::uint32_t, entry> entries_;  ///< by session index
};

}  // namespace chat_gateway::gateway
