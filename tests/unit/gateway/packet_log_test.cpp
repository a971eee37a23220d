#include "packet_log.hpp"

#include <gtest/gtest.h>

#include <map>
#include <utility>

namespace chat_gateway::gateway {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t plenty = 1U << 20;

class PacketLogTest : public ::testing::Test {
protected:
    std::uint64_t add(std::vector<std::string> rooms, std::vector<std::string> except = {},
                      std::size_t size = 10) {
        delivery d;
        d.position = log.next_position();
        d.text = server::wire_bytes::message(std::string(size, 'x'));
        std::vector<packet_log::room_id> open_rooms;
        for (const auto& room : rooms) {
            if (const auto id = ids.find(room); id != ids.end()) open_rooms.push_back(id->second);
        }
        d.rooms = std::move(rooms);
        d.except = std::move(except);
        log.add(d, open_rooms, now);
        return d.position;
    }
    void open(const std::string& room) { ids[room] = log.open(log.last_position()); }
    void close(const std::string& room) { log.close(ids.at(room)); }
    using positions = std::vector<std::uint64_t>;
    /// Of a session that is in these rooms since `start`.
    std::optional<positions> missed(std::uint64_t offset, const std::vector<std::string>& rooms,
                                    std::uint64_t start = 0) {
        std::vector<held_room> held;
        for (const auto& room : rooms)
            held.push_back({room, start});
        return missed_in(offset, held, start);
    }
    std::optional<positions> missed_in(std::uint64_t offset, const std::vector<held_room>& rooms,
                                       std::uint64_t start = 0) {
        std::vector<packet_log::room_id> room_ids;
        for (const auto& room : rooms)
            room_ids.push_back(ids.contains(room.name) ? ids.at(room.name) : packet_log::room_id{});
        const auto batch = log.missed(offset, start, rooms, room_ids, most_bytes);
        if (!batch) return std::nullopt;
        positions out;
        for (const auto& d : *batch)
            out.push_back(d->position);
        return out;
    }

    metrics figures;
    recovery_options options{.window = 10s,
                             .packet_time = 20s,
                             .room_bytes = 4096,
                             .session_bytes = plenty,
                             .total_bytes = plenty};
    packet_log log{options, figures.make_block()};
    std::map<std::string, packet_log::room_id> ids;
    time_point now{};
    std::size_t most_bytes = plenty;
};

TEST_F(PacketLogTest, GivesTheMessagesBehindTheOffsetInOrderAndOnce) {
    for (const char* room : {"a", "b", "c"})
        open(room);
    const auto one = add({"a"});
    const auto two = add({"b"});
    add({"c"});
    const auto four = add({"b", "a"});
    const auto five = add({"a"});
    EXPECT_EQ(missed(0, {"a", "b"}), (positions{one, two, four, five}));
    EXPECT_EQ(missed(one, {"a", "b"}), (positions{two, four, five}));
    EXPECT_EQ(missed(two, {"b"}), positions{four});
    EXPECT_EQ(missed(five, {"a", "b"}), positions{});
}

TEST_F(PacketLogTest, MessagesForEverybodyAreForEverySession) {
    open("a");
    const auto all = add({});
    const auto one = add({"a"});
    EXPECT_EQ(missed(0, {"a"}), (positions{all, one}));
    EXPECT_EQ(missed(0, {}), positions{all});
    EXPECT_EQ(missed(0, {"a"}, all), positions{one}) << "it was before the session";
}

TEST_F(PacketLogTest, ExceptLeavesOut) {
    open("a");
    open("b");
    add({"a"}, {"b"});
    const auto two = add({"a"}, {"elsewhere"});
    EXPECT_EQ(missed(0, {"a", "b"}), positions{two});
}

TEST_F(PacketLogTest, ARoomsMessagesCountFromItsJoin) {
    open("a");
    open("b");
    add({"b"});
    const auto two = add({"a"});
    const auto three = add({"b"});
    EXPECT_EQ(missed_in(0, {{"a", 0}, {"b", two}}), (positions{two, three}));
}

TEST_F(PacketLogTest, WhatWasBeforeARoomWasOpenIsNobodysGap) {
    open("a");
    add({"b"});
    open("b");
    const auto two = add({"b"});
    EXPECT_EQ(missed(0, {"a", "b"}), positions{two});
}

TEST_F(PacketLogTest, ARoomThatIsNotOpenIsUnknown) {
    open("a");
    EXPECT_EQ(missed(0, {"a", "b"}), std::nullopt);
    close("a");
    EXPECT_EQ(missed(0, {"a"}), std::nullopt);
    EXPECT_EQ(log.bytes(), 0U);
}

TEST_F(PacketLogTest, AFullRoomForgetsItsOldest) {
    open("full");
    open("quiet");
    const auto quiet = add({"quiet"});
    std::vector<std::uint64_t> sent;
    for (int i = 0; i < 50; ++i)
        sent.push_back(add({"full"}));
    EXPECT_EQ(missed(0, {"full"}), std::nullopt);
    const auto kept = 4096U / (128U + 13U);
    const auto last_gone = sent[sent.size() - kept - 1];
    EXPECT_EQ(missed(last_gone - 1, {"full"}), std::nullopt);
    EXPECT_EQ(missed(last_gone, {"full"})->size(), kept);
    EXPECT_EQ(missed(0, {"quiet"}), positions{quiet}) << "other rooms are whole";
    EXPECT_EQ(figures.sum(metric::recovery_evicted_room), 50U - kept);
}

TEST_F(PacketLogTest, AMessageLargerThanARoomMayBeIsAGap) {
    open("a");
    open("b");
    add({"a"});
    const auto large = add({"a", "b"}, {}, 5000);
    EXPECT_EQ(missed(large - 1, {"a"}), std::nullopt);
    EXPECT_EQ(missed(large - 1, {"b"}), std::nullopt);
    EXPECT_EQ(missed(large, {"a", "b"}), positions{});
    EXPECT_EQ(log.bytes(), 0U);
}

TEST_F(PacketLogTest, OldMessagesGoButWhoHasSeenThemLosesNothing) {
    open("a");
    open("b");
    const auto one = add({"a", "b"});
    now += 20s;
    const auto two = add({"a"});
    log.expire(now);
    EXPECT_EQ(missed(0, {"a"}), (positions{one, two}));
    now += 1ms;
    log.expire(now);
    EXPECT_EQ(missed(0, {"a"}), std::nullopt);
    EXPECT_EQ(missed(one, {"a"}), positions{two});
    now += 1h;
    log.expire(now);
    EXPECT_TRUE(log.empty());
    EXPECT_EQ(log.bytes(), 0U);
    EXPECT_EQ(missed(one, {"b"}), positions{}) << "silence is no gap, however long";
    EXPECT_EQ(missed(two, {"a", "b"}), positions{});
}

TEST_F(PacketLogTest, ShrinkingForgetsTheOldestOfAll) {
    open("a");
    open("b");
    const auto one = add({"a"});
    const auto two = add({"b"});
    const auto three = add({"a"});
    log.shrink(log.bytes() - 1);
    EXPECT_EQ(figures.sum(metric::recovery_evicted_total), 1U);
    EXPECT_EQ(missed(0, {"a"}), std::nullopt);
    EXPECT_EQ(missed(one, {"a", "b"}), (positions{two, three}));
    log.shrink(0);
    EXPECT_EQ(log.bytes(), 0U);
    EXPECT_EQ(missed(two, {"b"}), positions{});
}

TEST_F(PacketLogTest, AfterAGapOnlyNewerPositionsAreWhole) {
    open("a");
    const auto one = add({"a"});
    log.gap();
    EXPECT_EQ(missed(one, {"a"}), std::nullopt);
    EXPECT_EQ(missed(one, {}), std::nullopt) << "messages for everybody may be missing as well";
    const auto start = log.last_position();
    const auto two = add({"a"});
    EXPECT_EQ(missed(two, {"a"}), std::nullopt)
        << "it was connected then, and may have missed some";
    EXPECT_EQ(missed(one, {"a"}, start), positions{two}) << "a session that began behind it";
    EXPECT_EQ(missed(two, {"a"}, start), positions{});
}

TEST_F(PacketLogTest, ARoomOpenedLateIsCompleteFromItsPositionButForAGap) {
    const auto position = log.last_position();
    open("other");
    const auto one = add({"other"});
    ids["silent"] = log.open(position);
    EXPECT_EQ(missed(0, {"silent"}), positions{});
    EXPECT_EQ(missed(0, {"silent", "other"}), positions{one});
    log.gap();
    const auto start = log.last_position();
    ids["late"] = log.open(position);
    EXPECT_EQ(missed(one, {"late"}), std::nullopt);
    EXPECT_EQ(missed(start, {"late"}, start), positions{});
}

TEST_F(PacketLogTest, PlacesOfForgottenMessagesAreFreed) {
    open("full");
    for (int i = 0; i < 1000; ++i)
        add({"full"});
    EXPECT_LT(log.bytes(), 2 * options.room_bytes);
    close("full");
    EXPECT_EQ(log.bytes(), 0U);
    EXPECT_TRUE(log.empty());
}

TEST_F(PacketLogTest, TooMuchToReplayIsToldAsAGap) {
    open("a");
    const auto one = add({"a"});
    add({"a"});
    most_bytes = 13 + 12;
    EXPECT_EQ(missed(0, {"a"}), std::nullopt);
    EXPECT_EQ(missed(one, {"a"})->size(), 1U);
}

}  // namespace
}  // namespace chat_gateway::gateway
