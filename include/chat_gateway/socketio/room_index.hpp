#pragma once

#include <chat_gateway/base/text_map.hpp>
#include <chat_gateway/socketio/visit_marks.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chat_gateway::socketio {

/// A socket, as its shard numbers it (dense, reused after the socket is gone).
using member_id = std::uint32_t;

/// Who is in which room, both ways. Lives on its shard; not thread-safe. A room exists while it has
/// members. A membership is 4 bytes in the room's list and 8 in the member's, plus slack. The
/// member's side knows its place on the other, where a leave moves the last one into the gap: that
/// costs a walk through the list of the member who is moved, from the place on where the other had
/// it. Finding a given pair that may not be there walks the shorter of the two lists.
class room_index {
public:
    room_index() = default;
    room_index(room_index&&) = default;
    room_index& operator=(room_index&&) = default;

    struct change {
        bool changed = false;  ///< false: was (not) a member already
        bool edge = false;     ///< join: the room is new; leave: the room is gone
        bool operator==(const change&) const = default;
    };
    /// What has gone on in a room since it is here; goes with it.
    struct tally {
        std::uint64_t sent = 0;      ///< messages handed to members
        std::uint32_t joined = 0;    ///< memberships that have begun
        std::uint32_t departed = 0;  ///< of them, those that the member itself, or an order, ended
        bool operator==(const tally&) const = default;
    };
    change join(member_id m, std::string_view room);
    /// `count` joins of this member are about to come: its list gets no slack.
    void expect(member_id m, std::size_t count);
    change leave(member_id m, std::string_view room);
    /// Takes the member out of everything; calls emptied(room name, tally) for each room that is
    /// gone by it, before these die. emptied must not use the index.
    template <class F>
    void leave_all(member_id m, F&& emptied);

    [[nodiscard]] bool contains(member_id m, std::string_view room) const;
    [[nodiscard]] std::size_t room_count() const { return rooms_.size(); }
    [[nodiscard]] std::size_t member_count(std::string_view room) const;
    [[nodiscard]] std::vector<std::string> rooms_of(member_id m) const;
    [[nodiscard]] std::size_t rooms_of_count(member_id m) const;
    template <class F>
    void for_each_room(F&& f) const;  ///< f(name, member count)

    /// Calls f(member_id) once for each member of any of `rooms` that is in none of `except`. Rooms
    /// without members cost one look-up. No allocation, linear in the members reached. f must not
    /// use the index.
    template <class F>
    void for_each_member(std::span<const std::string> rooms, std::span<const std::string> except,
                         F&& f) {
        for_each_member(rooms, except, std::forward<F>(f), [](tally&) {});
    }
    /// The same, and behind the members of each room calls then(tally&) of that room.
    template <class F, class Then>
    void for_each_member(std::span<const std::string> rooms, std::span<const std::string> except,
                         F&& f, Then&& then);

    /// Calls f(member_id) for each member of one room, and soon(member_id) a few members before
    /// that, so that what f needs can be fetched from memory meanwhile. nullptr: no such room.
    template <class Soon, class F>
    tally* visit(std::string_view room, Soon&& soon, F&& f);

    /// nullptr: no such room.
    [[nodiscard]] tally* tally_of(std::string_view room);

private:
    using room_slot = std::uint32_t;  // index in slots_

    /// A room in a member's list, and the member's seat there.
    struct membership {
        room_slot room;
        std::uint32_t seat;
    };
    struct room {
        std::vector<member_id> seats;
        tally so_far;
        room_slot slot = 0;
    };
    using named_room = text_map<room>::entry;

    [[nodiscard]] const room* find_room(std::string_view name) const;
    [[nodiscard]] room* find_room(std::string_view name);
    [[nodiscard]] membership* find_membership(member_id m, const room& r);
    [[nodiscard]] static bool has_member(const std::vector<membership>& own, const room& r,
                                         member_id m);
    void make_place_for(member_id m);
    [[nodiscard]] std::pair<room&, bool> find_or_open(std::string_view name);
    void close(named_room& r);
    void vacate(membership place, std::size_t hint);

    text_map<room> rooms_;
    std::vector<named_room*> slots_;  // nullptr: free
    std::vector<room_slot> free_slots_;
    std::vector<std::vector<membership>> members_;  // by member_id
    visit_marks<> marks_;
};

template <class F>
void room_index::leave_all(member_id m, F&& emptied) {
    if (m >= members_.size()) return;
    std::size_t n = 0;
    for (const auto place : std::exchange(members_[m], {})) {
        vacate(place, n++);
        named_room& r = *slots_[place.room];
        if (!r.value.seats.empty()) continue;
        emptied(r.key(), std::as_const(r.value.so_far));
        close(r);
    }
}

template <class F>
void room_index::for_each_room(F&& f) const {
    rooms_.for_each([&f](const named_room& r) { f(r.key(), r.value.seats.size()); });
}

template <class Soon, class F>
room_index::tally* room_index::visit(std::string_view name, Soon&& soon, F&& f) {
    constexpr std::size_t ahead = 4;
    room* r = find_room(name);
    if (!r) return nullptr;
    const std::size_t size = r->seats.size();
    for (std::size_t i = 0; i < size && i < ahead; ++i)
        soon(r->seats[i]);
    for (std::size_t i = 0; i < size; ++i) {
        if (i + ahead < size) soon(r->seats[i + ahead]);
        f(r->seats[i]);
    }
    return &r->so_far;
}

template <class F, class Then>
void room_index::for_each_member(std::span<const std::string> rooms,
                                 std::span<const std::string> except, F&& f, Then&& then) {
    const auto walk = [this](const std::string& name, auto&& visit, auto&& done) {
        if (auto* r = find_room(name)) {
            for (const member_id m : r->seats)
                visit(m);
            done(r->so_far);
        }
    };
    if (rooms.size() == 1 && except.empty()) return walk(rooms.front(), f, then);

    marks_.new_walk();
    for (const auto& name : except)
        walk(
            name, [this](member_id m) { marks_.mark(m); }, [](tally&) {});
    for (const auto& name : rooms) {
        const auto once = [this, &f](member_id m) {
            if (marks_.mark(m)) f(m);
        };
        walk(name, once, then);
    }
}

}  // namespace chat_gateway::socketio
