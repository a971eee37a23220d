#pragma once

#include <chat_gateway/server/wire_packet.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace chat_gateway::server {

/// What is owed to one session, whichever transport will carry it. An empty one owns no memory: its
/// places are taken from a stock of the thread, and go back to it.
class outbox {
public:
    outbox() = default;
    outbox(const outbox&) = delete;
    outbox& operator=(const outbox&) = delete;
    ~outbox() { clear(); }

    void push(const wire_ref& packet);
    [[nodiscard]] bool empty() const { return first_ == nullptr; }
    /// The frames will go to a WebSocket that has agreed upon permessage-deflate. Before the first
    /// of them leaves: what was pushed already counts anew.
    void use_deflate();
    /// Bytes of the frames not yet sent, as they will be sent; for polling those of plain frames.
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

    /// All of it as a polling body.
    [[nodiscard]] std::string take_payload();

    /// For a WebSocket: the part of the first frame that is not sent yet, and whether the frame was
    /// begun.
    [[nodiscard]] std::string_view front() const { return frame(first_->at[begin_]).substr(sent_); }
    [[nodiscard]] bool front_begun() const { return sent_ != 0; }
    [[nodiscard]] bool single() const { return first_ == last_ && begin_ + 1 == end_; }
    /// Copies whole frames (the first from where it was cut) while they fit into `space`; returns
    /// the bytes copied.
    std::size_t copy_frames(char* to, std::size_t space) const;
    /// `n` bytes, counted from front(), have been sent.
    void consume(std::size_t n);
    /// Everything not yet sent, as bytes.
    [[nodiscard]] std::string take_frames();

private:
    /// One cache line.
    struct block {
        static constexpr std::uint8_t size = 7;
        block* next = nullptr;
        std::array<wire_ref, size> at{};
    };
    class stock;

    [[nodiscard]] std::string_view frame(const wire_ref& packet) const {
        return packet->frame(deflate_);
    }
    /// f(packet) for each, in order, until it returns false.
    template <class F>
    void walk(F&& f) const;
    void pop_front();
    void clear();

    block* first_ = nullptr;
    block* last_ = nullptr;
    std::size_t bytes_ = 0;
    std::uint32_t sent_ = 0;  ///< of the first frame, which is less than 4 GiB
    std::uint8_t begin_ = 0;  ///< place of the first packet in its block
    std::uint8_t end_ = 0;    ///< place behind the last one in its block
    bool deflate_ = false;
};

}  // namespace chat_gateway::server
