#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace chat_gateway::redis {

/// What stands at the front of bytes from Redis (RESP2), without a copy of anything: the way of
/// published messages, which are nearly all that a subscriber reads. Everything else is told by its
/// extent, for reply_reader to take apart.
struct front_reply {
    enum class kind : std::uint8_t {
        incomplete,  ///< more bytes are needed
        message,     ///< of SUBSCRIBE, SSUBSCRIBE or PSUBSCRIBE: channel and payload
        other,       ///< a reply of another kind
        malformed,   ///< no RESP2, or nested deeper than reply_reader takes it
    };
    kind what = kind::incomplete;
    std::size_t size = 0;        ///< bytes of the whole reply; of message and other
    std::string_view channel{};  ///< views into the bytes
    std::string_view payload{};
};

/// Constant stack, no allocation, never throws; looks at the heads of elements, not at their
/// contents.
front_reply look_at_front(std::string_view bytes);

}  // namespace chat_gateway::redis
