#pragma once

#include <chat_gateway/base/scheduler.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace chat_gateway::socketio {

/// A socket, as its shard numbers it (dense, reused after the socket is gone).
using member_id = std::uint32_t;

/// Who is in which room, both ways. Lives on its shard; not thread-safe. A room exists while it has members. 12 bytes
/// a membership each way plus vector slack; joins, leaves and a leave_all are linear in the rooms touched.
class room_index {
public:
    struct change {
        bool changed = false;   ///< false: was (not) a member already
        bool edge = false;      ///< join: the room is new; leave: the room is gone
    };
    change join(member_id m, std::string_view room);
    change leave(member_id m, std::string_view room);
    /// Takes the member out of everything; calls emptied(room name) for each room that is gone by it, before the name dies.
    template <class F>
    void leave_all(member_id m, F&& emptied);

    [[nodiscard]] bool contains(member_id m, std::string_view room) const;
    [[nodiscard]] std::size_t room_count() const;
    [[nodiscard]] std::size_t member_count(std::string_view room) const;
    [[nodiscard]] std::vector<std::string> rooms_of(member_id m) const;
    [[nodiscard]] std::size_t rooms_of_count(member_id m) const;
    template <class F>
    void for_each_room(F&& f) const;  ///< f(name, member count)

    /// Calls f(member_id) once for each member of any of `rooms` that is in none of `except`. Rooms without members
    /// cost one look-up. No allocation, linear in the members reached. f must not change the index.
    template <class F>
    void for_each_member(std::span<const std::string> rooms, std::span<const std::string> except, F&& f);
};

}  // namespace chat_gateway::socketio
