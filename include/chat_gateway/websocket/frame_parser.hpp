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
    /// A whole message (text is valid UTF-8), or a control frame's payload (close: code and
    /// reason).
    std::string_view payload;
    /// error: what to close with; close: what to echo (none = empty close).
    close_code code = close_code::none;
    bool operator==(const event&) const = default;
};

/// Server side of RFC 6455's framing: bytes in, messages out. Pure; one per connection, lives with
/// it. Unmasks in place in the caller's buffer; copies only what is cut off by the buffer's end,
/// fragmented or compressed. An idle parser (nothing partial) owns no heap memory and is at most 32
/// bytes. After close or error nothing more comes out.
///
///     parser.feed(bytes);
///     while (auto e = parser.next()) ...
///
/// feed() again, and reuse of its buffer, only after next() has returned nullopt.
/// Error codes: 1002 for unmasked frames, RSV bits, unknown opcodes, fragmented or long control
/// frames, orphan or missing continuations, invalid close codes and close payloads of one byte;
/// 1007 for text (or a close reason) that is not UTF-8, found with the first byte at hand in which
/// it shows, be the frame whole or not; 1009 as soon as a header announces more than max_message
/// bytes, before anything is allocated for it (a length with its top bit set is such a one).
/// Lengths in a longer form than they need are accepted, as most implementations do.
///
/// With compression::deflate (RFC 7692 without context takeover) RSV1 on the first frame of a data
/// message marks it as compressed. It is inflated when it is complete, and is text or not only
/// then. max_message bounds the message both as sent (header, 1009) and inflated (1009 while it
/// grows). 1007 for what is not DEFLATE, as Node's ws does.
class frame_parser {
public:
    enum class compression : std::uint8_t { none, deflate };
    /// max_message is at most 4 GiB - 1; more counts as that.
    explicit frame_parser(std::size_t max_message, compression c = compression::none);
    frame_parser(frame_parser&&) noexcept;
    frame_parser& operator=(frame_parser&&) noexcept;
    ~frame_parser();

    void feed(std::span<char> bytes);
    [[nodiscard]] std::optional<event> next();

private:
    struct partial;
    struct head;

    void release_shown();
    [[nodiscard]] head look(std::span<const char> front) const;
    [[nodiscard]] close_code check_first_bytes(const head& h) const;
    [[nodiscard]] std::uint64_t room(const head& h) const;
    [[nodiscard]] bool gather(std::size_t wanted);
    [[nodiscard]] std::optional<event> on_frame(const head& h, std::span<char> frame);
    [[nodiscard]] event on_control(opcode op, std::string_view payload);
    [[nodiscard]] event on_close(std::string_view payload);
    [[nodiscard]] event on_whole_message(const head& h, std::string_view payload);
    partial& begin_data(const head& h);
    void begin_payload(const head& h, std::span<const char> front);
    [[nodiscard]] std::optional<event> take_payload();
    [[nodiscard]] std::optional<event> append(std::string_view payload, bool last);
    [[nodiscard]] std::optional<event> finish_message();
    [[nodiscard]] std::optional<event> inflate(std::string_view compressed);
    event fail(close_code code);

    std::unique_ptr<partial> partial_;
    std::span<char> input_;
    std::uint32_t max_message_;
    compression compression_;
    bool ended_ = false;
};

static_assert(sizeof(frame_parser) <= 32, "one per connection, most of them idle");

}  // namespace chat_gateway::websocket
