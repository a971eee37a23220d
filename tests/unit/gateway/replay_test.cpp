#include "replay.hpp"

#include <gtest/gtest.h>

namespace chat_gateway::gateway {
namespace {

using past = chat::recovery_store::past;
using names = std::vector<std::string>;

class Replay : public ::testing::Test {
protected:
    past message(std::uint64_t position, names rooms, names except = {}) {
        return {
            .position = position,
            .what = socketio::cluster::message{.packet = "2[\"" + std::to_string(position) + "\"]",
                                               .rooms = std::move(rooms),
                                               .except = std::move(except)}};
    }
    void take(past p) { under_test.take(std::move(p), encode); }
    /// The positions of what the n-th has missed; {0}: not known.
    std::vector<std::uint64_t> missed(std::size_t n) {
        const auto batch = under_test.missed(n);
        if (!batch) return {0};
        std::vector<std::uint64_t> out;
        for (const auto& d : *batch)
            out.push_back(d->position);
        return out;
    }
    static std::shared_ptr<const delivery> delivered(std::uint64_t position, names rooms,
                                                     bool droppable = false) {
        auto d = std::make_shared<delivery>();
        d->text = server::wire_bytes::message("2[\"x\"]");
        d->rooms = std::move(rooms);
        d->position = position;
        d->droppable = droppable;
        return d;
    }
    using held = std::vector<held_room>;

    std::size_t encoded = 0;
    replay::encode_function encode = [this](socketio::cluster::message&& m) {
        ++encoded;
        auto d = std::make_shared<delivery>();
        d->text = server::wire_bytes::message(m.packet);
        d->rooms = m.rooms;
        d->position = std::stoull(m.packet.substr(3));
        return d;
    };
    replay under_test{1000, 20000};
};

TEST_F(Replay, GivesEachWhatItsRoomsHadBehindItsFloor) {
    const held ada{{"a", 0}, {"b", 0}};
    const held eve{{"b", 0}};
    under_test.add(10, ada);
    under_test.add(12, eve);
    EXPECT_EQ(under_test.from(), 10U);
    take(message(10, {"a"}));
    take(message(11, {"b"}));
    take(message(12, {"c"}));
    take(message(13, {"a"}));
    take(message(14, {"b"}));
    EXPECT_EQ(missed(0), (std::vector<std::uint64_t>{11, 13, 14}));
    EXPECT_EQ(missed(1), (std::vector<std::uint64_t>{14}));
    EXPECT_EQ(encoded, 3U) << "each once, and only what somebody wants";
}

TEST_F(Replay, WhoseFloorIsNotThereIsNotKnown) {
    const held rooms{{"a", 0}};
    under_test.add(10, rooms);
    under_test.add(11, rooms);
    take(message(11, {"b"}));
    take(message(12, {"a"}));
    EXPECT_EQ(missed(0), std::vector<std::uint64_t>{0});
    EXPECT_EQ(missed(1), std::vector<std::uint64_t>{12});
}

TEST_F(Replay, AnythingSaidThereIsAFloor) {
    const held rooms{{"a", 0}};
    under_test.add(10, rooms);
    take({.position = 10});
    EXPECT_EQ(missed(0), std::vector<std::uint64_t>{});
}

TEST_F(Replay, BehindALossNothingIsKnownOfWhatWasBefore) {
    const held rooms{{"a", 0}};
    under_test.add(10, rooms);
    under_test.add(11, rooms);
    take(message(10, {"a"}));
    take({.position = 11, .after_loss = true});
    take(message(12, {"a"}));
    EXPECT_EQ(missed(0), std::vector<std::uint64_t>{0});
    EXPECT_EQ(missed(1), std::vector<std::uint64_t>{12});
}

TEST_F(Replay, ARoomCountsFromWhenItWasJoined) {
    const held rooms{{"a", 12}};
    under_test.add(10, rooms);
    for (std::uint64_t n = 10; n < 14; ++n)
        take(message(n, {"a"}));
    EXPECT_EQ(missed(0), std::vector<std::uint64_t>{13});
}

TEST_F(Replay, MessagesForEverybodyAndForSeveralRoomsComeOnce) {
    const held rooms{{"a", 0}, {"b", 0}};
    under_test.add(10, rooms);
    take(message(10, {"x"}));
    take(message(11, {}));
    take(message(12, {"b", "a", "a"}));
    EXPECT_EQ(missed(0), (std::vector<std::uint64_t>{11, 12}));
}

TEST_F(Replay, WhoeverIsInAnExceptedRoomGetsNothing) {
    const held ada{{"a", 0}, {"b", 0}};
    const held eve{{"a", 0}};
    under_test.add(10, ada);
    under_test.add(10, eve);
    take(message(10, {"x"}));
    take(message(11, {"a"}, {"b"}));
    take(message(12, {}, {"b"}));
    EXPECT_EQ(missed(0), std::vector<std::uint64_t>{});
    EXPECT_EQ(missed(1), (std::vector<std::uint64_t>{11, 12}));
}

TEST_F(Replay, VolatileOnesAndOtherNamespacesAreNotReplayed) {
    const held rooms{{"a", 0}};
    under_test.add(10, rooms);
    take(message(10, {"x"}));
    past hint = message(11, {"a"});
    hint.what->volatile_ = true;
    take(std::move(hint));
    past other = message(12, {"a"});
    other.what->nsp = "/admin";
    take(std::move(other));
    under_test.take(delivered(13, {"a"}, true));
    EXPECT_EQ(missed(0), std::vector<std::uint64_t>{});
}

TEST_F(Replay, WhatCameMeanwhileFollows) {
    const held rooms{{"a", 0}};
    under_test.add(10, rooms);
    take(message(10, {"x"}));
    under_test.take(delivered(11, {"a"}));
    under_test.take(delivered(12, {"b"}));
    EXPECT_EQ(missed(0), std::vector<std::uint64_t>{11});
}

TEST_F(Replay, TooMuchIsNothing) {
    const held rooms{{"a", 0}};
    const held few{{"b", 0}};
    under_test.add(10, rooms);
    under_test.add(10, few);
    take(message(10, {"x"}));
    for (std::uint64_t n = 11; n < 200; ++n)
        take(message(n, {"a"}));
    take(message(200, {"b"}));
    EXPECT_EQ(missed(0), std::vector<std::uint64_t>{0});
    EXPECT_EQ(missed(1), std::vector<std::uint64_t>{200});
}

TEST_F(Replay, TooMuchForAllTogetherIsNothingForThoseWhoCameLast) {
    std::vector<held> rooms;
    for (int n = 0; n < 200; ++n)
        rooms.push_back({{std::to_string(n), 0}});
    for (const auto& r : rooms)
        under_test.add(10, r);
    take(message(10, {"x"}));
    for (std::uint64_t n = 0; n < 200; ++n)
        take(message(100 + n, {std::to_string(n)}));
    EXPECT_EQ(missed(0), std::vector<std::uint64_t>{100});
    EXPECT_EQ(missed(199), std::vector<std::uint64_t>{0});
}

}  // namespace
}  // namespace chat_gateway::gateway
