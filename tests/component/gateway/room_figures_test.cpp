// What goes on in rooms, over all shards.
#include "gateway_world.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace chat_gateway::tests {
namespace {

using gateway::metric;
using gateway::named_room;
using gateway::room_figures;

bool operator==(const room_figures& a, const room_figures& b) {
    return a.members == b.members && a.messages_in == b.messages_in &&
           a.messages_out == b.messages_out && a.joins == b.joins && a.leaves == b.leaves &&
           a.denials == b.denials;
}

std::vector<std::string> names_of(const std::vector<named_room>& rooms) {
    std::vector<std::string> names;
    for (const auto& r : rooms)
        names.push_back(r.name);
    return names;
}

TEST(RoomFigures, AreThoseOfAllShardsTogether) {
    gateway_world world({.shards = 4});
    std::deque<page> pages;
    for (int n = 0; n < 8; ++n)
        pages.emplace_back(world, world.log_in(std::to_string(n), {"all", "less"})).connected();
    pages.front().ask("clientLeaveRoom", "less", "1");
    EXPECT_EQ(pages.front().wire.frame().payload, "431[]");
    world.publish("1", {"all"});
    world.publish("2", {"all"});
    world.publish("3", {"less"});
    world.publish("4", {"all", "less"});
    world.publish("5", {});
    for (page& p : pages) {
        for (const auto* text : {"1", "2", "3", "4", "5"}) {
            if (&p == &pages.front() && std::string(text) == "3") continue;
            EXPECT_EQ(p.wire.frame().payload, "42[\"" + std::string(text) + "\"]");
        }
    }
    const auto rooms = world.busiest_rooms(10);
    ASSERT_EQ(names_of(rooms), (std::vector<std::string>{"all", "less"}));
    EXPECT_TRUE(rooms[0].figures ==
                (room_figures{.members = 8, .messages_in = 3, .messages_out = 24, .joins = 8}));
    EXPECT_TRUE(
        rooms[1].figures ==
        (room_figures{.members = 7, .messages_in = 2, .messages_out = 7, .joins = 8, .leaves = 1}));
    EXPECT_EQ(names_of(world.busiest_rooms(1)), std::vector<std::string>{"all"});
}

TEST(RoomFigures, CountDenialsOfRoomsThatSomebodyIsIn) {
    gateway_world world({.rooms_per_socket = 1});
    page ann(world, world.log_in("ann", {"anns"}));
    page bob(world, world.log_in("bob", {"bobs"}));
    ann.connected();
    bob.connected();
    bob.ask("clientJoinRoom", "anns", "1");
    EXPECT_EQ(bob.wire.frame().payload, "431[]");
    bob.ask("clientJoinRoom", "nobodys", "2");
    EXPECT_EQ(bob.wire.frame().payload, "432[]");
    EXPECT_TRUE(world.reaches(metric::joins_denied_permission, 2));
    world.with_stores([](auto& s) { s.chats.add_participant("bob", "anns"); });
    bob.ask("clientJoinRoom", "anns", "3");
    EXPECT_EQ(bob.wire.frame().payload, "433[]");
    EXPECT_TRUE(world.reaches(metric::joins_denied_limit, 1));
    const auto rooms = world.busiest_rooms(10);
    ASSERT_EQ(names_of(rooms), (std::vector<std::string>{"anns", "bobs"}));
    EXPECT_TRUE(rooms[0].figures == (room_figures{.members = 1, .joins = 1, .denials = 2}));
    EXPECT_TRUE(rooms[1].figures == (room_figures{.members = 1, .joins = 1}));
}

TEST(RoomFigures, OutliveTheLastMemberOfAShard) {
    gateway_world world({.shards = 4});
    std::deque<page> pages;
    for (int n = 0; n < 8; ++n)
        pages.emplace_back(world, world.log_in(std::to_string(n), {"room"})).connected();
    for (std::size_t n = 1; n < pages.size(); ++n) {
        pages[n].ask("clientLeaveRoom", "room", "1");
        EXPECT_EQ(pages[n].wire.frame().payload, "431[]");
    }
    const auto rooms = world.busiest_rooms(10);
    ASSERT_EQ(rooms.size(), 1U);
    EXPECT_TRUE(rooms[0].figures == (room_figures{.members = 1, .joins = 8, .leaves = 7}));
}

TEST(RoomFigures, AreForgottenWithTheLastMember) {
    gateway_world world({.shards = 1});
    {
        page ann(world, world.log_in("ann", {"anns"}));
        ann.connected();
        EXPECT_EQ(world.busiest_rooms(10).size(), 1U);
    }
    EXPECT_TRUE(eventually([&] { return world.busiest_rooms(10).empty(); }));
}

}  // namespace
}  // namespace chat_gateway::tests
