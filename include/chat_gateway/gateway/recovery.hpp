#pragma once

#include <chat_gateway/base/ids.hpp>
#include <chat_gateway/gateway/delivery.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Connection State Recovery on this gateway: what is kept of a session whose connection was lost.
namespace chat_gateway::gateway {

struct recovery_options {
    std::chrono::milliseconds window{120000};  ///< how long a session is kept; 0: recovery is off
    /// How long a message is kept: the window, and the time until a dead connection is noticed.
    std::chrono::milliseconds packet_time{165000};
    std::size_t room_bytes = std::size_t{1} << 20;     ///< messages of one room
    std::size_t session_bytes = std::size_t{1} << 19;  ///< one session, and what it gets replayed
    std::size_t total_bytes = std::size_t{64} << 20;   ///< messages and sessions; half for these

    [[nodiscard]] bool on() const { return window.count() != 0; }
};

/// A room of a session; messages at positions up to `from` are none of its affair.
struct held_room {
    std::string name;
    std::uint64_t from = 0;
};

/// What comes back when the client does.
struct suspended_session {
    public_id pid;  ///< private: whoever says it, is it
    public_id id;   ///< socket.id
    std::string user;
    std::uint64_t start = 0;        ///< position of its CONNECT
    std::vector<held_room> rooms;   ///< the one named by its id among them
    std::vector<std::string> left;  ///< chats that it left by itself

    // Of one that is kept where other gateways find it:
    std::string owner{};        ///< the connection that it belongs to, or did
    bool live = false;          ///< that connection is believed to be open
    std::uint64_t given = 0;    ///< position of the last message that was given to the socket
    std::uint64_t through = 0;  ///< up to here no other one was to be given
};

/// What became of a session that was to be kept where other gateways find it.
enum class keep_result : std::uint8_t {
    kept,
    too_large,  ///< and nothing of it is kept
    failed,     ///< to be tried again
};

/// Why a client that wanted its session back got a new one: a metric label.
enum class recovery_failure : std::uint8_t {
    unknown_session,  ///< never known, another user's, expired or evicted
    unknown_offset,   ///< not an offset of this process
    incomplete,       ///< messages that it should get are not kept any more, or are too many
    rights,           ///< its rooms could not be checked, or its user is in chats it does not know
    unavailable,      ///< where sessions and messages are kept could not be asked
};
constexpr std::string_view to_string(recovery_failure f) {
    constexpr std::string_view names[] = {"unknown_session", "unknown_offset", "incomplete",
                                          "rights", "unavailable"};
    return names[static_cast<std::size_t>(f)];
}

}  // namespace chat_gateway::gateway
