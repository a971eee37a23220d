#pragma once

#include <cstddef>
#include <string_view>

namespace chat_gateway::socketio::cluster {

/// The next bytes of a text: a character, or the start of one that is cut short by something else.
struct sequence {
    std::size_t size;
    bool whole;
};

/// Of UTF-8 that begins with a byte of 0x80 or above.
sequence next_sequence(std::string_view text);

/// How many bytes at the front are ASCII that JSON leaves alone: none of `"`, `\`, controls.
std::size_t plain_prefix(std::string_view text);

}  // namespace chat_gateway::socketio::cluster
