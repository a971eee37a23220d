#include <chat_gateway/socketio/room_index.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace chat_gateway::socketio {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using change = room_index::change;
using names = std::vector<std::string>;

constexpr change no_change{};
constexpr change changed{.changed = true, .edge = false};
constexpr change changed_edge{.changed = true, .edge = true};

std::vector<member_id> reached(room_index& index, const names& rooms, const names& except = {}) {
    std::vector<member_id> members;
    index.for_each_member(rooms, except, [&](member_id m) { members.push_back(m); });
    return members;
}

names emptied_by_leaving_all(room_index& index, member_id m) {
    names emptied;
    index.leave_all(m, [&](std::string_view name, const room_index::tally& t) {
        EXPECT_GE(t.joined, 1U);
        emptied.emplace_back(name);
    });
    return emptied;
}

TEST(RoomIndex, TellsWhenARoomComesAndGoes) {
    room_index index;
    EXPECT_EQ(index.join(1, "a"), changed_edge);
    EXPECT_EQ(index.join(2, "a"), changed);
    EXPECT_EQ(index.join(1, "a"), no_change);
    EXPECT_EQ(index.leave(1, "a"), changed);
    EXPECT_EQ(index.leave(1, "a"), no_change);
    EXPECT_EQ(index.leave(2, "a"), changed_edge);
    EXPECT_EQ(index.leave(2, "a"), no_change);
    EXPECT_EQ(index.room_count(), 0U);
}

TEST(RoomIndex, UnknownRoomsAndMembersAreEmpty) {
    room_index index;
    EXPECT_EQ(index.leave(7, "a"), no_change);
    EXPECT_FALSE(index.contains(7, "a"));
    EXPECT_EQ(index.member_count("a"), 0U);
    EXPECT_EQ(index.rooms_of_count(7), 0U);
    EXPECT_THAT(index.rooms_of(7), IsEmpty());
    EXPECT_THAT(emptied_by_leaving_all(index, 7), IsEmpty());
    EXPECT_THAT(reached(index, {"a"}), IsEmpty());
    EXPECT_THAT(reached(index, {"a", "b"}, {"c"}), IsEmpty());
    EXPECT_THAT(reached(index, {}), IsEmpty());

    index.join(0, "a");
    EXPECT_EQ(index.leave(7, "a"), no_change);
    EXPECT_FALSE(index.contains(7, "a"));
}

TEST(RoomIndex, ListsBothWays) {
    room_index index;
    index.join(1, "a");
    index.join(1, "");
    index.join(2, "a");
    EXPECT_THAT(index.rooms_of(1), UnorderedElementsAre("a", ""));
    EXPECT_EQ(index.rooms_of_count(1), 2U);
    EXPECT_EQ(index.member_count("a"), 2U);
    EXPECT_TRUE(index.contains(2, "a"));
    EXPECT_FALSE(index.contains(2, ""));
    std::map<std::string, std::size_t> rooms;
    index.for_each_room([&](std::string_view name, std::size_t n) { rooms.emplace(name, n); });
    EXPECT_EQ(rooms, (std::map<std::string, std::size_t>{{"a", 2}, {"", 1}}));
}

TEST(RoomIndex, LeaveAllTellsOnlyTheRoomsThatAreGone) {
    room_index index;
    for (const auto* room : {"a", "b", "shared"})
        index.join(1, room);
    index.join(2, "shared");
    EXPECT_THAT(emptied_by_leaving_all(index, 1), UnorderedElementsAre("a", "b"));
    EXPECT_EQ(index.rooms_of_count(1), 0U);
    EXPECT_EQ(index.room_count(), 1U);
    EXPECT_THAT(reached(index, {"shared"}), ElementsAre(2));
    EXPECT_THAT(emptied_by_leaving_all(index, 1), IsEmpty());
    EXPECT_EQ(index.join(1, "a"), changed_edge);
}

TEST(RoomIndex, ReachesEachMemberOnce) {
    room_index index;
    for (member_id m : {1U, 2U, 3U})
        index.join(m, "a");
    for (member_id m : {2U, 3U, 4U})
        index.join(m, "b");
    EXPECT_THAT(reached(index, {"a"}), UnorderedElementsAre(1, 2, 3));
    EXPECT_THAT(reached(index, {"a", "b"}), UnorderedElementsAre(1, 2, 3, 4));
    EXPECT_THAT(reached(index, {"a", "a"}), UnorderedElementsAre(1, 2, 3));
    EXPECT_THAT(reached(index, {"a", "none"}), UnorderedElementsAre(1, 2, 3));
}

TEST(RoomIndex, LeavesOutTheExcepted) {
    room_index index;
    for (member_id m : {1U, 2U, 3U})
        index.join(m, "a");
    index.join(2, "b");
    index.join(3, "c");
    EXPECT_THAT(reached(index, {"a"}, {"b"}), UnorderedElementsAre(1, 3));
    EXPECT_THAT(reached(index, {"a", "b"}, {"b", "c"}), UnorderedElementsAre(1));
    EXPECT_THAT(reached(index, {"a"}, {"a"}), IsEmpty());
    EXPECT_THAT(reached(index, {"a"}, {"none"}), UnorderedElementsAre(1, 2, 3));
    EXPECT_THAT(reached(index, {"a"}), UnorderedElementsAre(1, 2, 3));
}

TEST(RoomIndex, KeepsItsRoomsWhenItGrowsAndMoves) {
    room_index first;
    for (member_id m = 0; m < 1000; ++m)
        first.join(m, "room " + std::to_string(m % 100));
    room_index index(std::move(first));
    EXPECT_EQ(index.room_count(), 100U);
    EXPECT_EQ(index.member_count("room 99"), 10U);
    EXPECT_EQ(index.rooms_of(999), names{"room 99"});
    for (member_id m = 0; m < 1000; ++m) {
        EXPECT_EQ(emptied_by_leaving_all(index, m).empty(), m < 900) << m;
    }
    EXPECT_EQ(index.room_count(), 0U);
}

/// The same by sets.
struct model {
    std::map<std::string, std::set<member_id>> rooms;

    change join(member_id m, const std::string& room) {
        const bool opened = !rooms.contains(room);
        const bool added = rooms[room].insert(m).second;
        return {.changed = added, .edge = opened};
    }
    change leave(member_id m, const std::string& room) {
        const auto found = rooms.find(room);
        if (found == rooms.end() || found->second.erase(m) == 0) return {};
        const bool emptied = found->second.empty();
        if (emptied) rooms.erase(found);
        return {.changed = true, .edge = emptied};
    }
    std::set<std::string> leave_all(member_id m) {
        std::set<std::string> emptied;
        for (const auto& name : rooms_of(m)) {
            if (leave(m, name).edge) emptied.insert(name);
        }
        return emptied;
    }
    std::set<std::string> rooms_of(member_id m) const {
        std::set<std::string> found;
        for (const auto& [name, members] : rooms) {
            if (members.contains(m)) found.insert(name);
        }
        return found;
    }
    std::vector<member_id> reached(const names& wanted, const names& except) const {
        std::set<member_id> members;
        for (const auto& name : wanted) {
            if (rooms.contains(name)) members.insert(rooms.at(name).begin(), rooms.at(name).end());
        }
        for (const auto& name : except) {
            if (!rooms.contains(name)) continue;
            for (const auto m : rooms.at(name))
                members.erase(m);
        }
        return {members.begin(), members.end()};
    }
};

constexpr member_id some_members = 8;
const names some_rooms = {"a", "b", "c", "d", "e", "a room whose name has no room in the string"};

void compare(const room_index& index, const model& expected) {
    RC_ASSERT(index.room_count() == expected.rooms.size());
    std::map<std::string, std::size_t> counted;
    index.for_each_room([&](std::string_view name, std::size_t n) { counted.emplace(name, n); });
    RC_ASSERT(counted.size() == expected.rooms.size());
    for (const auto& [name, members] : expected.rooms) {
        RC_ASSERT(counted[name] == members.size());
        RC_ASSERT(index.member_count(name) == members.size());
    }
    for (member_id m = 0; m < some_members; ++m) {
        const auto rooms = index.rooms_of(m);
        const auto wanted = expected.rooms_of(m);
        RC_ASSERT(rooms.size() == wanted.size());
        RC_ASSERT(index.rooms_of_count(m) == wanted.size());
        RC_ASSERT(std::set<std::string>(rooms.begin(), rooms.end()) == wanted);
        for (const auto& name : some_rooms) {
            RC_ASSERT(index.contains(m, name) == wanted.contains(name));
        }
    }
}

TEST(RoomIndex, KeepsATallyWithEachRoom) {
    room_index index;
    index.join(1, "a");
    index.join(2, "a");
    index.join(2, "a");
    index.leave(2, "a");
    index.join(3, "a");
    EXPECT_EQ(*index.tally_of("a"), (room_index::tally{.joined = 3}));
    EXPECT_EQ(index.tally_of("b"), nullptr);
    index.leave(1, "a");
    index.leave(3, "a");
    EXPECT_EQ(index.tally_of("a"), nullptr) << "it goes with the room";
    index.join(1, "a");
    EXPECT_EQ(*index.tally_of("a"), (room_index::tally{.joined = 1}));
}

TEST(RoomIndex, HandsOutTheTallyBehindTheMembersOfEachRoom) {
    room_index index;
    index.join(1, "a");
    index.join(2, "a");
    index.join(2, "b");
    index.join(3, "b");
    const auto send = [&](const std::vector<std::string>& rooms,
                          const std::vector<std::string>& except) {
        std::uint64_t reached = 0;
        index.for_each_member(
            rooms, except, [&](member_id) { ++reached; },
            [&](room_index::tally& t) { t.sent += std::exchange(reached, 0); });
    };
    send({"a"}, {});
    EXPECT_EQ(index.tally_of("a")->sent, 2U);
    EXPECT_EQ(index.tally_of("b")->sent, 0U);
    send({"a", "b", "nowhere"}, {});
    EXPECT_EQ(index.tally_of("a")->sent, 4U);
    EXPECT_EQ(index.tally_of("b")->sent, 1U) << "2 is in both, and counts for the first";
    send({"b"}, {"a"});
    EXPECT_EQ(index.tally_of("a")->sent, 4U);
    EXPECT_EQ(index.tally_of("b")->sent, 2U);
}

void compare_reach(room_index& index, const model& expected) {
    const auto any_rooms = rc::gen::container<names>(rc::gen::elementOf(some_rooms));
    const auto rooms = *any_rooms;
    const auto except = *any_rooms;
    auto members = reached(index, rooms, except);
    std::ranges::sort(members);
    RC_ASSERT(members == expected.reached(rooms, except));
}

RC_GTEST_PROP(RoomIndex, BehavesAsSetsDo, ()) {
    room_index index;
    model expected;
    const auto steps = *rc::gen::inRange(0, 100);
    for (int i = 0; i < steps; ++i) {
        const auto m = *rc::gen::inRange<member_id>(0, some_members);
        const auto room = *rc::gen::elementOf(some_rooms);
        switch (*rc::gen::weightedElement<int>({{6, 0}, {3, 1}, {1, 2}, {2, 3}})) {
            case 0:
                RC_ASSERT(index.join(m, room) == expected.join(m, room));
                break;
            case 1:
                RC_ASSERT(index.leave(m, room) == expected.leave(m, room));
                break;
            case 2: {
                const auto emptied = emptied_by_leaving_all(index, m);
                const auto wanted = expected.leave_all(m);
                RC_ASSERT(emptied.size() == wanted.size());
                RC_ASSERT(std::set<std::string>(emptied.begin(), emptied.end()) == wanted);
                break;
            }
            default:
                compare_reach(index, expected);
        }
        compare(index, expected);
    }
}

}  // namespace
}  // namespace chat_gateway::socketio
