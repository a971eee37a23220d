#include <chat_gateway/socketio/room_index.hpp>

#include <algorithm>
#include <bit>

namespace chat_gateway::socketio {

const room_index::room* room_index::find_room(std::string_view name) const {
    const auto* found = rooms_.find(name);
    return found ? &found->value : nullptr;
}

room_index::room* room_index::find_room(std::string_view name) {
    auto* found = rooms_.find(name);
    return found ? &found->value : nullptr;
}

room_index::tally* room_index::tally_of(std::string_view name) {
    auto* r = find_room(name);
    return r ? &r->so_far : nullptr;
}

bool room_index::has_member(const std::vector<membership>& own, const room& r, member_id m) {
    if (own.size() < r.seats.size())
        return std::ranges::find(own, r.slot, &membership::room) != own.end();
    return std::ranges::find(r.seats, m) != r.seats.end();
}

room_index::membership* room_index::find_membership(member_id m, const room& r) {
    if (m >= members_.size()) return nullptr;
    auto& own = members_[m];
    if (!has_member(own, r, m)) return nullptr;
    return &*std::ranges::find(own, r.slot, &membership::room);
}

std::pair<room_index::room&, bool> room_index::find_or_open(std::string_view name) {
    const auto [named, opened] = rooms_.try_emplace(name);
    if (!opened) return {named.value, false};
    if (free_slots_.empty()) {
        slots_.push_back(nullptr);
        free_slots_.push_back(static_cast<room_slot>(slots_.size() - 1));
    }
    named.value.slot = free_slots_.back();
    free_slots_.pop_back();
    slots_[named.value.slot] = &named;
    return {named.value, true};
}

void room_index::close(named_room& r) {
    slots_[r.value.slot] = nullptr;
    free_slots_.push_back(r.value.slot);
    rooms_.erase(r);
}

room_index::change room_index::join(member_id m, std::string_view name) {
    const auto [joined, opened] = find_or_open(name);
    make_place_for(m);
    auto& own = members_[m];
    auto& seats = joined.seats;
    if (!opened && has_member(own, joined, m)) return {};
    // There are as many seats as memberships: they take a fifth of the slack that a vector takes by
    // itself. Steps of a quarter of a power of two are those of the allocator's sizes.
    if (seats.size() == seats.capacity() && seats.size() > 4)
        seats.reserve(seats.size() + std::bit_floor(seats.size()) / 4);
    own.push_back({.room = joined.slot, .seat = static_cast<std::uint32_t>(seats.size())});
    seats.push_back(m);
    ++joined.so_far.joined;
    return {.changed = true, .edge = opened};
}

void room_index::expect(member_id m, std::size_t count) {
    make_place_for(m);
    members_[m].reserve(members_[m].size() + count);
}

void room_index::make_place_for(member_id m) {
    if (m < members_.size()) return;
    members_.resize(m + std::size_t{1});
    marks_.reserve_for(members_.size());
}

room_index::change room_index::leave(member_id m, std::string_view name) {
    auto* left = rooms_.find(name);
    if (!left) return {};
    auto* place = find_membership(m, left->value);
    if (!place) return {};
    auto& own = members_[m];
    vacate(*place, static_cast<std::size_t>(place - own.data()));
    *place = own.back();
    own.pop_back();
    if (own.empty()) std::vector<membership>().swap(own);
    const bool emptied = left->value.seats.empty();
    if (emptied) close(*left);
    return {.changed = true, .edge = emptied};
}

/// Takes the seat out of its room; the last one moves into the gap and its member is told. Users of
/// many rooms have them in the order of their lists, which is the same: `hint` is the place in one
/// at which the other is looked through first.
void room_index::vacate(membership place, std::size_t hint) {
    auto& seats = slots_[place.room]->value.seats;
    const member_id last = seats.back();
    seats.pop_back();
    if (place.seat == seats.size()) return;
    seats[place.seat] = last;
    auto& theirs = members_[last];
    const auto from = theirs.begin() + static_cast<std::ptrdiff_t>(std::min(hint, theirs.size()));
    auto moved = std::ranges::find(from, theirs.end(), place.room, &membership::room);
    if (moved == theirs.end())
        moved = std::ranges::find(theirs.begin(), from, place.room, &membership::room);
    moved->seat = place.seat;
}

bool room_index::contains(member_id m, std::string_view name) const {
    const auto* r = find_room(name);
    return r && m < members_.size() && has_member(members_[m], *r, m);
}

std::size_t room_index::member_count(std::string_view name) const {
    const auto* r = find_room(name);
    return r ? r->seats.size() : 0;
}

std::vector<std::string> room_index::rooms_of(member_id m) const {
    std::vector<std::string> names;
    if (m >= members_.size()) return names;
    names.reserve(members_[m].size());
    for (const auto& place : members_[m])
        names.emplace_back(slots_[place.room]->key());
    return names;
}

std::size_t room_index::rooms_of_count(member_id m) const {
    return m < members_.size() ? members_[m].size() : 0;
}

}  // namespace chat_gateway::socketio
