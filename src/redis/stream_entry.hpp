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

/// The entries of an XRANGE's or XREVRANGE's answer, or of one stream's part of an XREAD's. nullopt
/// if it is something else; nil is no entries.
std::optional<std::vector<stream_entry>> entries_of(reply&& r);
/// Of an XREAD's answer for one stream.
std::optional<std::vector<stream_entry>> entries_read(reply&& r);

}  // namespace chat_gateway::redis
