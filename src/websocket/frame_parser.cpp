#include <chat_gateway/base/text.hpp>
#include <chat_gateway/websocket/deflate.hpp>
#include <chat_gateway/websocket/frame_parser.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <limits>
#include <utility>

namespace chat_gateway::websocket {
namespace {

constexpr std::size_t mask_size = 4;
constexpr std::uint64_t max_control = 125;

bool is_control(opcode op) {
    return op >= opcode::close;
}

bool is_known(opcode op) {
    return op <= opcode::binary || (is_control(op) && op <= opcode::pong);
}

std::uint64_t read_big_endian(std::span<const char> bytes) {
    std::uint64_t value = 0;
    for (const char byte : bytes)
        value = value << 8 | static_cast<unsigned char>(byte);
    return value;
}

void unmask(std::span<char> payload, std::span<const char> key) {
    std::array<char, 8> twice{};
    std::memcpy(twice.data(), key.data(), mask_size);
    std::memcpy(twice.data() + mask_size, key.data(), mask_size);
    std::uint64_t mask = 0;
    std::memcpy(&mask, twice.data(), 8);
    std::size_t i = 0;
    for (; i + 8 <= payload.size(); i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, &payload[i], 8);
        word ^= mask;
        std::memcpy(&payload[i], &word, 8);
    }
    for (; i < payload.size(); ++i)
        payload[i] = static_cast<char>(payload[i] ^ twice[i % 8]);
}

/// RFC 6455 section 7.4 and the IANA registry: codes that may stand in a close frame.
bool may_be_sent(std::uint64_t code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

}  // namespace

/// What does not fit into the caller's buffer: exists from the first cut-off, fragmented or
/// compressed frame until what came of it has been shown.
struct frame_parser::partial {
    std::string front;          ///< of a header or a control frame that is cut off, as received
    std::string message;        ///< the data message so far, unmasked (and still compressed)
    std::size_t checked = 0;    ///< so much of a text `message` is whole UTF-8 characters
    std::size_t remaining = 0;  ///< of a data frame's payload, to go into `message`
    std::array<char, mask_size> key{};   ///< for the next of those bytes
    opcode type = opcode::continuation;  ///< of the message under way; continuation = none
    bool compressed = false;             ///< that message
    bool last = false;                   ///< the frame of `remaining` ends it
    bool front_whole = false;  ///< `front` was dealt with; only an event may still point into it
};

/// What the bytes at hand say about the frame that they begin.
struct frame_parser::head {
    bool fin = false;
    bool compressed = false;  ///< RSV1
    bool reserved = false;    ///< RSV2 or RSV3
    bool masked = false;
    opcode op{};
    std::uint8_t short_length = 0;  ///< 126 and 127 stand for longer ones
    std::size_t payload_at = 0;     ///< 0: not known yet
    std::size_t wanted = 2;         ///< size of the frame, or as much as will tell more about it
    close_code error = close_code::none;

    /// Of a data frame the payload need not be whole to be taken.
    [[nodiscard]] bool takes_pieces(std::size_t at_hand) const {
        return !is_control(op) && payload_at != 0 && at_hand >= payload_at;
    }
};

frame_parser::frame_parser(std::size_t max_message, compression c)
    : max_message_(static_cast<std::uint32_t>(
          std::min<std::size_t>(max_message, std::numeric_limits<std::uint32_t>::max()))),
      compression_(c) {}
frame_parser::frame_parser(frame_parser&&) noexcept = default;
frame_parser& frame_parser::operator=(frame_parser&&) noexcept = default;
frame_parser::~frame_parser() = default;

void frame_parser::feed(std::span<char> bytes) {
    assert(input_.empty());
    if (!ended_) input_ = bytes;
}

std::optional<event> frame_parser::next() {
    release_shown();
    while (!ended_) {
        if (partial_ && partial_->remaining != 0) {
            if (input_.empty()) return std::nullopt;
            if (auto e = take_payload()) return e;
            continue;
        }
        const bool cut_off = partial_ && !partial_->front.empty();
        const auto front = cut_off ? std::span<char>(partial_->front) : input_;
        const auto h = look(front);
        if (h.error != close_code::none) return fail(h.error);
        if (front.size() < h.wanted) {
            if (h.takes_pieces(front.size())) {
                begin_payload(h, front);
            } else if (!gather(h.wanted)) {
                return std::nullopt;
            }
            continue;
        }
        if (cut_off) {
            partial_->front_whole = true;
        } else {
            input_ = input_.subspan(h.wanted);
        }
        if (auto e = on_frame(h, front.first(h.wanted))) return e;
        release_shown();
    }
    return std::nullopt;
}

/// Frees what nobody can be looking at any more, down to nothing when nothing is under way.
void frame_parser::release_shown() {
    if (!partial_) return;
    if (partial_->front_whole) partial_->front.clear();
    partial_->front_whole = false;
    if (ended_ || (partial_->front.empty() && partial_->type == opcode::continuation))
        partial_.reset();
}

frame_parser::head frame_parser::look(std::span<const char> front) const {
    head h;
    if (front.size() < 2) return h;
    const auto first = static_cast<unsigned char>(front[0]);
    const auto second = static_cast<unsigned char>(front[1]);
    h.fin = (first & 0x80) != 0;
    h.compressed = (first & 0x40) != 0;
    h.reserved = (first & 0x30) != 0;
    h.op = static_cast<opcode>(first & 0x0f);
    h.masked = (second & 0x80) != 0;
    h.short_length = second & 0x7f;
    h.error = check_first_bytes(h);
    if (h.error != close_code::none) return h;

    const std::size_t extended = h.short_length == 126 ? 2 : h.short_length == 127 ? 8 : 0;
    h.wanted = 2 + extended;
    if (front.size() < h.wanted) return h;
    const auto length =
        extended == 0 ? h.short_length : read_big_endian(front.subspan(2, extended));
    if (length > room(h)) {
        h.error = close_code::too_big;
        return h;
    }
    h.payload_at = 2 + extended + mask_size;
    h.wanted = h.payload_at;
    // No more than the header is gathered of a data frame: its payload has a place of its own.
    if (front.size() >= h.payload_at || is_control(h.op))
        h.wanted += static_cast<std::size_t>(length);
    return h;
}

close_code frame_parser::check_first_bytes(const head& h) const {
    const bool allowed = !h.reserved && h.masked && is_known(h.op);
    if (!allowed) return close_code::protocol_error;
    const bool begins_message = h.op == opcode::text || h.op == opcode::binary;
    if (h.compressed && !(begins_message && compression_ == compression::deflate))
        return close_code::protocol_error;
    if (is_control(h.op)) {
        return h.fin && h.short_length <= max_control ? close_code::none
                                                      : close_code::protocol_error;
    }
    const bool under_way = partial_ && partial_->type != opcode::continuation;
    return begins_message != under_way ? close_code::none : close_code::protocol_error;
}

/// The longest payload that this frame may have.
std::uint64_t frame_parser::room(const head& h) const {
    if (is_control(h.op)) return max_control;
    return max_message_ - (partial_ ? partial_->message.size() : 0);
}

/// Moves input to the frame that is cut off, until it has `wanted` bytes; false if the input does
/// not suffice.
bool frame_parser::gather(std::size_t wanted) {
    if (input_.empty()) return false;
    if (!partial_) partial_ = std::make_unique<partial>();
    auto& front = partial_->front;
    const auto taken = input_.first(std::min(wanted - front.size(), input_.size()));
    front.append(taken.data(), taken.size());
    input_ = input_.subspan(taken.size());
    return front.size() == wanted;
}

std::optional<event> frame_parser::on_frame(const head& h, std::span<char> frame) {
    const auto payload = frame.subspan(h.payload_at);
    unmask(payload, frame.subspan(h.payload_at - mask_size, mask_size));
    const std::string_view bytes(payload.data(), payload.size());
    if (is_control(h.op)) return on_control(h.op, bytes);
    if (h.fin && h.op != opcode::continuation) return on_whole_message(h, bytes);
    begin_data(h);
    return append(bytes, h.fin);
}

event frame_parser::on_control(opcode op, std::string_view payload) {
    if (op == opcode::close) return on_close(payload);
    return {op == opcode::ping ? event::kind::ping : event::kind::pong, payload, close_code::none};
}

event frame_parser::on_close(std::string_view payload) {
    if (payload.size() == 1) return fail(close_code::protocol_error);
    auto code = close_code::none;
    if (!payload.empty()) {
        const auto number = read_big_endian(payload.substr(0, 2));
        if (!may_be_sent(number)) return fail(close_code::protocol_error);
        if (!is_valid_utf8(payload.substr(2))) return fail(close_code::invalid_payload);
        code = static_cast<close_code>(number);
    }
    ended_ = true;
    input_ = {};
    return {event::kind::close, payload, code};
}

/// A message in one frame that lies in one piece.
event frame_parser::on_whole_message(const head& h, std::string_view payload) {
    if (h.compressed) {
        if (!partial_) partial_ = std::make_unique<partial>();
        if (auto failed = inflate(payload)) return *failed;
        payload = partial_->message;
    }
    if (h.op == opcode::binary) return {event::kind::binary, payload, close_code::none};
    if (!is_valid_utf8(payload)) return fail(close_code::invalid_payload);
    return {event::kind::text, payload, close_code::none};
}

/// Room for a data frame that is cut off or fragmented.
frame_parser::partial& frame_parser::begin_data(const head& h) {
    if (!partial_) partial_ = std::make_unique<partial>();
    if (h.op != opcode::continuation) {
        partial_->type = h.op;
        partial_->compressed = h.compressed;
    }
    return *partial_;
}

/// Takes the header off the front of a data frame whose payload is still coming.
void frame_parser::begin_payload(const head& h, std::span<const char> front) {
    std::array<char, mask_size> key{};
    std::memcpy(key.data(), &front[h.payload_at - mask_size], mask_size);
    auto& p = begin_data(h);
    p.key = key;
    p.last = h.fin;
    p.remaining = h.wanted - h.payload_at;
    if (p.front.empty()) {
        input_ = input_.subspan(h.payload_at);
    } else {
        p.front.clear();
    }
}

std::optional<event> frame_parser::take_payload() {
    auto& p = *partial_;
    const auto taken = input_.first(std::min(p.remaining, input_.size()));
    input_ = input_.subspan(taken.size());
    p.remaining -= taken.size();
    unmask(taken, p.key);
    std::rotate(p.key.begin(),
                p.key.begin() + static_cast<std::ptrdiff_t>(taken.size() % mask_size), p.key.end());
    return append({taken.data(), taken.size()}, p.remaining == 0 && p.last);
}

std::optional<event> frame_parser::append(std::string_view payload, bool last) {
    auto& p = *partial_;
    p.message.append(payload);
    if (p.type == opcode::text && !p.compressed) {
        const auto valid = utf8_prefix(std::string_view(p.message).substr(p.checked));
        if (!valid) return fail(close_code::invalid_payload);
        p.checked += *valid;
    }
    return last ? finish_message() : std::nullopt;
}

std::optional<event> frame_parser::finish_message() {
    auto& p = *partial_;
    if (p.compressed) {
        const std::string compressed = std::exchange(p.message, {});
        if (auto failed = inflate(compressed)) return failed;
    }
    const bool is_text = p.type == opcode::text;
    const bool valid =
        !is_text || (p.compressed ? is_valid_utf8(p.message) : p.checked == p.message.size());
    if (!valid) return fail(close_code::invalid_payload);
    p.type = opcode::continuation;
    return event{is_text ? event::kind::text : event::kind::binary, p.message, close_code::none};
}

/// Makes `message` of it; an event if that fails.
std::optional<event> frame_parser::inflate(std::string_view compressed) {
    const auto error = inflate_message(compressed, max_message_, partial_->message);
    if (error != close_code::none) return fail(error);
    return std::nullopt;
}

event frame_parser::fail(close_code code) {
    ended_ = true;
    input_ = {};
    partial_.reset();
    return {event::kind::error, {}, code};
}

}  // namespace chat_gateway::websocket
