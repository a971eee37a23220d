#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

// The chat message that is published: a serverMessage of the application, whose content carries
// what the clients check.
inline constexpr std::string_view message_id = "5c2f0e0a-8f6a-4f7e-9d8b-1b2f3c4d5e6f";
inline constexpr std::string_view message_author = "author-1";
inline constexpr std::uint64_t message_timestamp = 1'767'225'600'000;  ///< ms since 1970
inline constexpr std::string_view message_type = "message";

/// The object as JSON, as it is in the frame.
std::string message_json(std::string_view room, std::string_view content);

/// What clients check: `<room> <number> <stamp> `, decimal; the rest is filling.
struct content_head {
    std::uint32_t room = 0;
    std::uint32_t number = 0;  ///< of the room's messages, from 1
    std::uint64_t stamp = 0;   ///< when it was published, monotonic_ns()
};

std::string print_content(const content_head& head);

/// Takes it out of Socket.IO packets with such a message.
class content_reader {
public:
    /// False if there is none.
    bool read(std::string_view packet, content_head& head);

private:
    [[nodiscard]] std::size_t find(std::string_view packet) const;

    std::size_t last_ = 0;  ///< where it was in the last packet, and most likely is in the next one
};

}  // namespace bench
