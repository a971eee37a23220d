#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace chat_gateway {

/// Names an entry of a slot_map. A stale handle finds nothing.
struct slot_handle {
    std::uint32_t index = 0;
    std::uint32_t generation = 0;  ///< 0 = no entry, ever
    explicit operator bool() const noexcept { return generation != 0; }
    auto operator<=>(const slot_handle&) const = default;
};

/// An Engine.IO session id or a Socket.IO socket id: 15 bytes, 20 characters of [A-Za-z0-9_-] on
/// the wire. The first four bytes say where its owner sits (shard, then slot), so that no table is
/// needed to find it; the other eleven are random (88 bits) and make it unguessable: whoever looks
/// one up compares all of it.
class public_id {
public:
    static constexpr std::size_t text_size = 20;
    static constexpr std::uint32_t max_index = (1U << 24) - 1;

    public_id() = default;
    /// A fresh id. index <= max_index.
    static public_id make(std::uint8_t shard, std::uint32_t index);
    /// nullopt unless it has the form of one of ours.
    static std::optional<public_id> parse(std::string_view text);

    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::uint8_t shard() const noexcept { return bytes_[0]; }
    [[nodiscard]] std::uint32_t index() const noexcept {
        return static_cast<std::uint32_t>(bytes_[1]) << 16 |
               static_cast<std::uint32_t>(bytes_[2]) << 8 | bytes_[3];
    }
    /// In constant time.
    bool operator==(const public_id& other) const noexcept;

private:
    std::array<unsigned char, 15> bytes_{};
};

}  // namespace chat_gateway
