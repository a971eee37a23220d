#pragma once

#include "outbox.hpp"

#include <chat_gateway/base/ids.hpp>
#include <chat_gateway/net/descriptor.hpp>
#include <chat_gateway/websocket/frame_parser.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace chat_gateway::server {

/// One WebSocket: its socket, its parser and the bytes that belong to it alone (101, control
/// frames). Sits in its engine's link table; handlers find it by handle, so a late one finds
/// nothing.
class websocket_link {
public:
    enum class role : std::uint8_t {
        candidate,  ///< upgrading; carries probe packets
        attached,   ///< its session's transport
        closing,    ///< says goodbye: input is thrown away until the peer closes or time is up
    };
    enum class write_result : std::uint8_t { done, blocked, failed };

    websocket_link(net::descriptor s, slot_handle owner, role r, websocket::frame_parser p)
        : parser(std::move(p)), socket(std::move(s)), session(owner), now(r) {}

    /// Bytes ahead of whatever the outbox holds, but never inside a frame of it that was begun.
    void queue(std::string_view bytes) {
        if (!own_) own_ = std::make_unique<std::string>();
        own_->append(bytes);
    }
    /// Takes over all that a session still owes: from now on it is this link's own. A begun frame
    /// goes first.
    void queue_behind(outbox& out);
    [[nodiscard]] std::size_t queued() const { return own_ ? own_->size() : 0; }

    /// No more will be sent: the peer sees the end behind what was written.
    void shut() const;
    /// Sends what it can of its own bytes and of `out` (may be null). `scratch` is the loop's.
    [[nodiscard]] write_result write(outbox* out, std::span<char> scratch);

    websocket::frame_parser parser;
    // What a write needs, together and at the end: see slot_map::prefetch().
    net::descriptor socket;
    slot_handle session;
    std::uint32_t counted = 0;  ///< of what it is owed, in engine_counts::queued_bytes
    role now;
    bool takes_deflate = false;  ///< its outbox may send compressed frames
    bool waits_writable = false;
    bool close_when_written = false;
    bool shut_when_written = false;  ///< the peer then sees the end, and its last words are read

private:
    [[nodiscard]] write_result send(std::string_view bytes, std::size_t& sent);

    std::unique_ptr<std::string> own_;  ///< null: none
};

}  // namespace chat_gateway::server
