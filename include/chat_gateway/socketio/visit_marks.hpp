#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace chat_gateway::socketio {

/// Tells whom a walk has met already. A new walk forgets all marks at once by taking the next
/// stamp; only when the stamps are used up does it wipe them. Part of room_index.
template <std::unsigned_integral Stamp = std::uint32_t>
class visit_marks {
public:
    /// Members 0 .. count-1 can be marked. Never shrinks.
    void reserve_for(std::size_t count) {
        if (count > stamps_.size()) stamps_.resize(count, 0);
    }

    void new_walk() {
        if (++current_ != 0) return;
        std::ranges::fill(stamps_, Stamp{0});
        current_ = 1;
    }

    /// True the first time in this walk.
    bool mark(std::size_t member) {
        if (stamps_[member] == current_) return false;
        stamps_[member] = current_;
        return true;
    }

private:
    std::vector<Stamp> stamps_;  // 0 = never
    Stamp current_ = 0;
};

}  // namespace chat_gateway::socketio
