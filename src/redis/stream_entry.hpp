#pragma once

#include "reply.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::redis {

/// An entry's id in a Redis stream, `<milliseconds>-<sequence>`: ascending in the order of the
/// entries.
struct entry_id {
    std::uint64_t ms = 0;
    std::uint64_t sequence = 0;
    static std::optional<entry_id> parse(std::string_view text);
    [[nodiscard]] std::string text() const;
    auto operator<=>(const entry_id&) const = default;
};

struct stream_entry {
    entry_id id;
    std::vector<std::string> fields;  ///< names and values in turn
    bool operator==(const stream_entry&) const = default;
};

/// What a reader of the stream leaves there when Redis has lost entries that it had read: whoever
/// had read less cannot know what it missed before this. Node's adapter passes over it, since it
/// names no namespace.
inline constexpr std::string_view loss_mark_name = "chat-gateway";
inline constexpr std::string_view loss_mark_value = "loss";
[[nodiscard]] inline bool is_loss_mark(const stream_entry& e) {
    return e.fields.size() == 2 && e.fields[0] == loss_mark_name && e.fields[1] == loss_mark_value;
}

/// What XINFO STREAM tells; of a stream that is not there: nothing was ever in it.
struct stream_state {
    entry_id last_generated;         ///< of the newest entry, deleted ones included
    std::optional<entry_id> oldest;  ///< none: the stream is empty
    std::uint64_t length = 0;
    std::optional<std::uint64_t> added;  ///< entries, ever; since Redis 7
};
/// nullopt if it is something else.
std::optional<stream_state> state_of(const reply& r);
/// The error of a command that needs its key.
[[nodiscard]] bool is_missing_key(const reply& r);

/// The entries of an XRANGE's or XREVRANGE's answer, or of one stream's part of an XREAD's. nullopt
/// if it is something else; nil is no entries.
std::optional<std::vector<stream_entry>> entries_of(reply&& r);
/// Of an XREAD's answer for one stream.
std::optional<std::vector<stream_entry>> entries_read(reply&& r);

}  // namespace chat_gateway::redis
