#pragma once

#include <chat_gateway/base/shared_bytes.hpp>
#include <chat_gateway/engineio/packet.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace chat_gateway::server {

/// Bytes of payload or body from which on compression pays; Node's default, on both transports.
inline constexpr std::size_t compression_threshold = 1024;

/// One Engine.IO packet, encoded once for every recipient of every transport: a whole unmasked
/// WebSocket frame, of which polling takes the part behind the frame header. Immutable once it is
/// shared, may cross threads.
class wire_bytes {
public:
    wire_bytes() = default;
    /// A message packet: frame header, `4`, `text` and `rest`.
    static wire_bytes message(std::string_view text, std::string_view rest = {}) {
        return text_packet(engineio::packet_type::message, text, rest);
    }
    static wire_bytes text_packet(engineio::packet_type type, std::string_view data,
                                  std::string_view rest = {});
    /// A binary message: its raw bytes in a binary frame; base64 on polling.
    static wire_bytes binary(std::string_view bytes);

    /// Adds a second frame, for the WebSockets that have agreed upon permessage-deflate: once per
    /// message, before it is handed out. Nothing happens to packets of less than
    /// compression_threshold bytes, nor if the result is no smaller.
    void compress();

    [[nodiscard]] std::string_view frame() const { return bytes_.view(); }
    /// What a WebSocket is sent that has agreed upon permessage-deflate, or has not.
    [[nodiscard]] std::string_view frame(bool deflate) const {
        return deflate && !compressed_.view().empty() ? compressed_.view() : bytes_.view();
    }
    /// Type digit and data; of a binary message the bytes.
    [[nodiscard]] std::string_view packet() const { return bytes_.view().substr(header_size_); }
    [[nodiscard]] bool is_binary() const { return binary_; }

private:
    shared_bytes bytes_;
    shared_bytes compressed_;  ///< null: there is none
    std::uint8_t header_size_ = 0;
    bool binary_ = false;
};

/// A loop's own reference to wire_bytes: outboxes of one loop count it without touching what other
/// loops count.
class wire_ref {
public:
    wire_ref() = default;
    explicit wire_ref(wire_bytes bytes) : block_(new block{std::move(bytes), 1}) {}
    wire_ref(const wire_ref& other) noexcept : block_(other.block_) {
        if (block_) ++block_->references;
    }
    wire_ref(wire_ref&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    wire_ref& operator=(wire_ref other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~wire_ref() {
        if (block_ && --block_->references == 0) delete block_;
    }
    const wire_bytes* operator->() const { return &block_->bytes; }

private:
    struct block {
        wire_bytes bytes;
        std::uint32_t references;
    };
    block* block_ = nullptr;
};

}  // namespace chat_gateway::server
