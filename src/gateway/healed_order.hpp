#pragma once

#include <chat_gateway/chat/ports/change_feed.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace chat_gateway::gateway {

/// Tells changes of an outbox apart: by which chat, and what is said of it. 0: that is no change
/// such as outboxes have.
std::uint64_t fingerprint(const chat::change& c);

/// What the bus brought, and was kept back.
struct kept_change {
    chat::change what;
    std::uint64_t fingerprint = 0;
};

/// A gap in what the bus brought, and what is known of both of its sides.
struct gap_sides {
    /// What the outbox has had published, in that order: from some moment before the gap to some
    /// moment behind it.
    std::vector<kept_change> published{};
    /// Fingerprints of what the bus brought between that first moment and the gap: of the changes
    /// that were published until then, those that it was asked for.
    std::vector<std::uint64_t> before{};
    /// What it has brought since the gap, in order; the first `overlap` of it until that last
    /// moment.
    std::vector<kept_change> after{};
    std::size_t overlap = 0;
};

/// Puts it in order: what was published and not brought at all first or in its place, everything
/// once. `tell`: one after the other. Returns how many of them the bus had not brought.
std::size_t tell_in_order(gap_sides gap, const std::function<void(chat::change)>& tell);

}  // namespace chat_gateway::gateway
