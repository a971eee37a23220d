#pragma once

#include <chat_gateway/server/wire_packet.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace chat_gateway::server {

/// What is owed to one session, whichever transport will carry it. An empty one owns no heap
/// memory.
class outbox {
public:
    void push(const wire_ref& packet);
    [[nodiscard]] bool empty() const { return packets_.empty(); }
    /// The frames will go to a WebSocket that has agreed upon permessage-deflate. Before the first
    /// of them leaves: what was pushed already counts anew.
    void use_deflate();
    /// Bytes of the frames not yet sent, as they will be sent; for polling those of plain frames.
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

    /// All of it as a polling body.
    [[nodiscard]] std::string take_payload();

    /// For a WebSocket: the part of the first frame that is not sent yet, and whether the frame was
    /// begun.
    [[nodiscard]] std::string_view front() const { return frame(packets_.front()).substr(sent_); }
    [[nodiscard]] bool front_begun() const { return sent_ != 0; }
    [[nodiscard]] bool single() const { return packets_.size() == 1; }
    /// Copies whole frames (the first from where it was cut) while they fit into `space`; returns
    /// the bytes copied.
    std::size_t copy_frames(char* to, std::size_t space) const;
    /// `n` bytes, counted from front(), have been sent.
    void consume(std::size_t n);
    /// Everything not yet sent, as bytes.
    [[nodiscard]] std::string take_frames();

private:
    [[nodiscard]] std::string_view frame(const wire_ref& packet) const {
        return packet->frame(deflate_);
    }
    void reset();

    std::vector<wire_ref> packets_;
    std::size_t bytes_ = 0;
    std::uint32_t sent_ = 0;  ///< of the first frame, which is less than 4 GiB
    bool deflate_ = false;
};

}  // namespace chat_gateway::server
