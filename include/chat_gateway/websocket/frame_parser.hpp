#pragma once

#include <chat_gateway/websocket/frame.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace chat_gateway::websocket {

/// What came of the bytes. `payload` is valid until the parser is called again.
struct event {
    enum class kind : std::uint8_t { text, binary, ping, pong, close, error };
    kind what{};
    std::string_view payload;               ///< a whole message (text is valid UTF-8), or a control frame's payload
    close_code code = close_code::none;     ///< error: what to close with; close: what to echo (none = empty close)
    bool operator==(const event&) const = default;
};

/// Server side of RFC 6455's framing: bytes in, messages out. Pure; one per connection, lives with it.
/// Unmasks in place in the caller's buffer; copies only what is cut off by the buffer's end or fragmented. An idle
/// parser (nothing partial) owns no heap memory and is at most 32 bytes. After close or error nothing more comes out.
///
///     parser.feed(bytes);
///     while (auto e = parser.next()) ...
///
/// Before the buffer given to feed() is reused, next() must have returned nullopt.
/// Error codes: 1002 for unmasked frames, RSV bits, unknown opcodes, fragmented or long control frames, orphan or
/// missing continuations, invalid close codes and close payloads of one byte; 1007 for text (or a close reason) that
/// is not UTF-8, found as early as the bytes allow; 1009 as soon as a header announces more than max_message bytes,
/// before anything is allocated for it.
class frame_parser {
public:
    explicit frame_parser(std::size_t max_message);
    frame_parser(frame_parser&&) noexcept;
    frame_parser& operator=(frame_parser&&) noexcept;
    ~frame_parser();

    void feed(std::span<char> bytes);
    [[nodiscard]] std::optional<event> next();

private:
    struct partial;
    std::unique_ptr<partial> partial_;
    std::span<char> input_;
    std::uint32_t max_message_;
    bool ended_ = false;
};

}  // namespace chat_gateway::websocket
