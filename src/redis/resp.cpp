#include "resp.hpp"

#include "reply.hpp"

#include <array>
#include <charconv>
#include <optional>

namespace chat_gateway::redis {
namespace {

using kind = front_reply::kind;

/// Longer lines are no length or count; those of errors and statuses may be as long as they like.
constexpr std::size_t longest_number = 24;

/// Zeros in front, and a zero with a sign: hiredis refuses them as well.
bool is_padded(std::string_view number) {
    return number != "0" && number.substr(number.starts_with('-') ? 1 : 0).starts_with('0');
}

/// Reads forward; why() says why it stopped.
class cursor {
public:
    explicit cursor(std::string_view bytes) : bytes_(bytes) {}

    /// A type byte and its number, as in `$12\r\n`.
    bool head(char& type, std::int64_t& number) {
        const auto line = this->line(longest_number);
        if (!line) return false;
        type = line->front();
        const auto text = line->substr(1);
        const char* end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, number);
        if (error != std::errc() || stop != end || is_padded(text)) return fail();
        return true;
    }

    /// `size` bytes and the end of line behind them.
    bool body(std::int64_t size, std::string_view& out) {
        const auto length = static_cast<std::size_t>(size);
        if (size > static_cast<std::int64_t>(reply_reader::max_unfinished)) return fail();
        if (bytes_.size() - at_ < length + 2) return false;
        if (bytes_[at_ + length] != '\r' || bytes_[at_ + length + 1] != '\n') return fail();
        out = bytes_.substr(at_, length);
        at_ += length + 2;
        return true;
    }

    /// The extent of one reply, whatever it is.
    bool skip() {
        std::array<std::int64_t, reply_reader::max_depth + 1> due{1};
        std::size_t depth = 0;
        for (;;) {
            while (due[depth] == 0) {
                if (depth == 0) return true;
                --depth;
            }
            --due[depth];
            if (at_ == bytes_.size()) return false;
            const char type = bytes_[at_];
            if (type == '+' || type == '-' || type == ':') {
                if (!line(reply_reader::max_unfinished)) return false;
                continue;
            }
            char same = 0;
            std::int64_t size = 0;
            if (type != '$' && type != '*') return fail();
            if (!head(same, size)) return false;
            if (size < -1) return fail();
            if (size == -1) continue;
            std::string_view content;
            if (type == '$') {
                if (!body(size, content)) return false;
            } else {
                if (depth + 1 == due.size()) return fail();
                due[++depth] = size;
            }
        }
    }

    [[nodiscard]] std::size_t position() const { return at_; }
    [[nodiscard]] kind why() const { return failed_ ? kind::malformed : kind::incomplete; }

private:
    bool fail() {
        failed_ = true;
        return false;
    }

    std::optional<std::string_view> line(std::size_t longest) {
        const auto end = bytes_.substr(at_, longest + 2).find('\n');
        if (end == std::string_view::npos) {
            failed_ = bytes_.size() - at_ >= longest + 2;
            return std::nullopt;
        }
        if (end < 2 || bytes_[at_ + end - 1] != '\r') {
            failed_ = true;
            return std::nullopt;
        }
        const auto text = bytes_.substr(at_, end - 1);
        at_ += end + 1;
        return text;
    }

    std::string_view bytes_;
    std::size_t at_ = 0;
    bool failed_ = false;
};

/// `[message, channel, payload]`, `[smessage, channel, payload]` or `[pmessage, pattern, channel,
/// payload]`, all of them strings.
/// Nothing if it is something else; then skip() tells what.
std::optional<front_reply> message_at_front(std::string_view bytes) {
    constexpr std::string_view of_channel = "*3\r\n$7\r\nmessage\r\n";
    constexpr std::string_view of_shard = "*3\r\n$8\r\nsmessage\r\n";
    constexpr std::string_view of_pattern = "*4\r\n$8\r\npmessage\r\n";
    const bool pattern = bytes.starts_with(of_pattern);
    const bool shard = bytes.starts_with(of_shard);
    if (!pattern && !shard && !bytes.starts_with(of_channel)) return std::nullopt;
    const std::size_t start = pattern ? of_pattern.size()
                              : shard ? of_shard.size()
                                      : of_channel.size();
    cursor in(bytes.substr(start));
    front_reply reply{kind::message};
    std::string_view ignored;
    for (std::string_view* part : {&ignored, &reply.channel, &reply.payload}) {
        if (part == &ignored && !pattern) continue;
        char type = 0;
        std::int64_t size = 0;
        if (!in.head(type, size)) return front_reply{in.why()};
        if (type != '$' || size < 0) return front_reply{kind::malformed};
        if (!in.body(size, *part)) return front_reply{in.why()};
    }
    reply.size = start + in.position();
    return reply;
}

}  // namespace

front_reply look_at_front(std::string_view bytes) {
    if (const auto message = message_at_front(bytes)) return *message;
    cursor in(bytes);
    if (!in.skip()) return {in.why()};
    return {kind::other, in.position()};
}

}  // namespace chat_gateway::redis
