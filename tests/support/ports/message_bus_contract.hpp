#pragma once

#include <chat_gateway/chat/ports/message_bus.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What every chat::message_bus keeps to. A bus's tests bring a default-constructible `Backend`, a
/// cluster of two nodes:
///
///     chat::message_bus& node(std::size_t i);                    // 0 or 1; not started yet
///     void go_away();                                            // the way between the nodes is
///     gone void come_back(); void run_until(const std::function<bool()>& done);         // drives
///     the loop, with a limit
///
/// and instantiate: INSTANTIATE_TYPED_TEST_SUITE_P(Memory, MessageBusContract, my_backend);
namespace chat_gateway::tests {

inline socketio::cluster::message room_message(std::vector<std::string> rooms,
                                               const std::string& text) {
    socketio::cluster::message m;
    m.packet = R"(2["serverMessage",{"content":")" + text + "\"}]";
    m.rooms = std::move(rooms);
    return m;
}

template <class Backend>
class MessageBusContract : public ::testing::Test {
protected:
    using message = socketio::cluster::message;
    using messages = std::vector<message>;

    void SetUp() override {
        for (std::size_t i = 0; i < received_.size(); ++i) {
            backend_.node(i).start(
                [this, i](messages batch) {
                    EXPECT_FALSE(batch.empty());
                    ++batches_[i];
                    for (auto& m : batch)
                        received_[i].push_back(std::move(m));
                },
                [] {});
        }
    }

    result<> wait_for(const std::function<void(chat::message_bus::done_handler)>& operation) {
        auto answer = std::make_shared<std::optional<result<>>>();
        operation([answer](result<> r) { *answer = r; });
        backend_.run_until([&] { return answer->has_value(); });
        return *answer ? **answer : result<>(make_error_code(errc::timeout));
    }
    result<> subscribe(std::size_t i, std::vector<std::string> rooms) {
        return wait_for([&](auto done) { backend_.node(i).subscribe(rooms, std::move(done)); });
    }
    result<> publish(std::size_t i, messages list) {
        return wait_for([&](auto done) { backend_.node(i).publish(list, std::move(done)); });
    }
    result<> ping(std::size_t i) {
        return wait_for([&](auto done) { backend_.node(i).ping(std::move(done)); });
    }

    void expect_received(std::size_t i, const messages& expected) {
        backend_.run_until([&] { return received_[i].size() >= expected.size(); });
        EXPECT_EQ(packets(received_[i]), packets(expected)) << "node " << i;
        EXPECT_EQ(received_[i], expected) << "node " << i;
    }
    /// Whatever was on its way before has arrived when the marker has.
    void flush(std::size_t from) {
        for (std::size_t i = 0; i < received_.size(); ++i)
            ASSERT_TRUE(subscribe(i, {}).has_value());
        const auto marker = room_message({}, "marker");
        ASSERT_TRUE(publish(from, {marker}).has_value());
        for (auto& list : received_) {
            backend_.run_until([&] { return !list.empty() && list.back() == marker; });
            ASSERT_FALSE(list.empty());
            ASSERT_EQ(list.back(), marker);
            list.pop_back();
        }
    }
    static std::vector<std::string> packets(const messages& list) {
        std::vector<std::string> texts;
        for (const auto& m : list)
            texts.push_back(m.packet);
        return texts;
    }

    // The nodes call into these until they are gone.
    std::array<messages, 2> received_;
    std::array<std::size_t, 2> batches_{};
    Backend backend_;
};

TYPED_TEST_SUITE_P(MessageBusContract);

TYPED_TEST_P(MessageBusContract, AfterSubscribeEachMessageArrivesOnceInOrder) {
    ASSERT_TRUE(this->subscribe(0, {"r1"}).has_value());
    typename TestFixture::messages expected;
    for (int i = 0; i < 200; ++i)
        expected.push_back(room_message({"r1"}, std::to_string(i)));
    for (const auto& m : expected)
        this->backend_.node(0).publish({m}, [](auto) {});
    this->expect_received(0, expected);
    this->flush(0);
    EXPECT_EQ(this->received_[0].size(), expected.size());
}

TYPED_TEST_P(MessageBusContract, BothNodesGetWhatOnePublishes) {
    ASSERT_TRUE(this->subscribe(0, {"r1", "r2"}).has_value());
    ASSERT_TRUE(this->subscribe(1, {"r1"}).has_value());
    const auto first = room_message({"r1"}, "from 0");
    const auto second = room_message({"r1"}, "from 1");
    ASSERT_TRUE(this->publish(0, {first}).has_value());
    ASSERT_TRUE(this->publish(1, {second}).has_value());
    this->expect_received(0, {first, second});
    this->expect_received(1, {first, second});
}

TYPED_TEST_P(MessageBusContract, ForeignRoomsDoNotArrive) {
    ASSERT_TRUE(this->subscribe(0, {"r1"}).has_value());
    ASSERT_TRUE(this->subscribe(1, {}).has_value());
    const auto foreign = room_message({"r2"}, "foreign");
    ASSERT_TRUE(this->publish(1, {foreign}).has_value());
    this->flush(1);
    EXPECT_TRUE(this->received_[0].empty());
    EXPECT_TRUE(this->received_[1].empty());
}

TYPED_TEST_P(MessageBusContract, AfterUnsubscribeARoomIsForeign) {
    ASSERT_TRUE(this->subscribe(0, {"r1", "r2"}).has_value());
    this->backend_.node(0).unsubscribe({"r1", "never asked for"});
    ASSERT_TRUE(this->subscribe(0, {}).has_value());
    const auto left = room_message({"r1"}, "left");
    const auto kept = room_message({"r2"}, "kept");
    ASSERT_TRUE(this->publish(1, {left, kept}).has_value());
    this->expect_received(0, {kept});
}

TYPED_TEST_P(MessageBusContract, ARoomAskedForAgainAfterLeavingArrivesAgain) {
    ASSERT_TRUE(this->subscribe(0, {"r1"}).has_value());
    this->backend_.node(0).unsubscribe({"r1"});
    ASSERT_TRUE(this->subscribe(0, {"r1"}).has_value());
    const auto m = room_message({"r1"}, "back");
    ASSERT_TRUE(this->publish(1, {m}).has_value());
    this->expect_received(0, {m});
}

TYPED_TEST_P(MessageBusContract, ARoomAskedForTwiceIsConfirmedTwiceAndArrivesOnce) {
    ASSERT_TRUE(this->subscribe(0, {"r1", "r1"}).has_value());
    ASSERT_TRUE(this->subscribe(0, {"r1"}).has_value());
    const auto m = room_message({"r1"}, "once");
    ASSERT_TRUE(this->publish(1, {m}).has_value());
    this->expect_received(0, {m});
    this->flush(1);
    EXPECT_EQ(this->received_[0].size(), 1U);
}

TYPED_TEST_P(MessageBusContract, WhatWasAskedForBeforeIsConfirmedWithIt) {
    this->backend_.node(0).subscribe({"r1", "r2"}, [](auto) {});
    ASSERT_TRUE(this->subscribe(0, {}).has_value());
    const auto m = room_message({"r2"}, "not missed");
    ASSERT_TRUE(this->publish(1, {m}).has_value());
    this->expect_received(0, {m});
}

TYPED_TEST_P(MessageBusContract, ManyRoomsAreConfirmedAtOnce) {
    std::vector<std::string> rooms;
    for (int i = 0; i < 1201; ++i)
        rooms.push_back("room " + std::to_string(i));
    ASSERT_TRUE(this->subscribe(0, rooms).has_value());
    typename TestFixture::messages expected;
    for (const auto& room : rooms)
        expected.push_back(room_message({room}, room));
    ASSERT_TRUE(this->publish(1, expected).has_value());
    this->expect_received(0, expected);
}

TYPED_TEST_P(MessageBusContract, MessagesForAllAndForSeveralRoomsArriveEverywhere) {
    auto several = room_message({"r1", "r2"}, "several");
    several.except = {"r3"};
    several.volatile_ = true;
    const auto all = room_message({}, "all");
    // Confirms that the nodes listen at all; no room is asked for.
    ASSERT_TRUE(this->subscribe(0, {}).has_value());
    ASSERT_TRUE(this->subscribe(1, {}).has_value());
    ASSERT_TRUE(this->publish(0, {all, several}).has_value());
    this->expect_received(0, {all, several});
    this->expect_received(1, {all, several});
}

TYPED_TEST_P(MessageBusContract, AMessageIsTheSameOnTheOtherSide) {
    auto m = room_message({"žluť #1*?[a]"}, "ignored");
    m.packet = R"(51-["picture",{"data":{"_placeholder":true,"num":0},"name":"ž \"q\" 😀"}])";
    m.attachments = {std::string("\x00\xff\r\n$3\x80", 7)};
    m.except = {"somebody"};
    m.volatile_ = true;
    ASSERT_TRUE(this->subscribe(1, m.rooms).has_value());
    ASSERT_TRUE(this->publish(0, {m}).has_value());
    this->expect_received(1, {m});
}

TYPED_TEST_P(MessageBusContract, WhatIsPublishedTogetherArrivesInFewBatches) {
    ASSERT_TRUE(this->subscribe(0, {"r1"}).has_value());
    typename TestFixture::messages expected;
    for (int i = 0; i < 100; ++i)
        expected.push_back(room_message({"r1"}, std::to_string(i)));
    ASSERT_TRUE(this->publish(1, expected).has_value());
    this->expect_received(0, expected);
    EXPECT_LE(this->batches_[0], 50U);
}

TYPED_TEST_P(MessageBusContract, PublishingNothingIsDone) {
    EXPECT_TRUE(this->publish(0, {}).has_value());
}

TYPED_TEST_P(MessageBusContract, NeverAnswersFromInsideTheCall) {
    int answers = 0;
    auto& node = this->backend_.node(0);
    const auto count = [&](auto) { ++answers; };
    node.subscribe({"r1"}, count);
    node.publish({room_message({"r1"}, "x")}, count);
    node.publish({}, count);
    node.ping(count);
    EXPECT_EQ(answers, 0);
    EXPECT_TRUE(this->received_[0].empty());
    this->backend_.run_until([&] { return answers == 4; });
    EXPECT_EQ(answers, 4);
    ASSERT_TRUE(this->subscribe(0, {"r1"}).has_value());
    node.subscribe({"r1"}, count);
    EXPECT_EQ(answers, 4);
    this->backend_.run_until([&] { return answers == 5; });
    EXPECT_EQ(answers, 5);
}

TYPED_TEST_P(MessageBusContract, PingAnswersWhileTheBusIsThere) {
    ASSERT_TRUE(this->subscribe(0, {}).has_value());
    const auto answer = this->ping(0);
    EXPECT_TRUE(answer.has_value()) << answer.error().message();
}

TYPED_TEST_P(MessageBusContract, WhileTheBusIsAwayPublishAndPingFail) {
    ASSERT_TRUE(this->subscribe(0, {"r1"}).has_value());
    this->backend_.go_away();
    const auto published = this->publish(0, {room_message({"r1"}, "lost")});
    ASSERT_FALSE(published.has_value());
    EXPECT_EQ(published.error(), errc::unavailable);
    const auto pinged = this->ping(0);
    ASSERT_FALSE(pinged.has_value());
    EXPECT_EQ(pinged.error(), errc::unavailable);
}

TYPED_TEST_P(MessageBusContract, SubscriptionsSurviveAnOutage) {
    ASSERT_TRUE(this->subscribe(0, {"r1", "r2"}).has_value());
    ASSERT_TRUE(this->subscribe(1, {}).has_value());
    this->backend_.go_away();
    ASSERT_FALSE(this->publish(1, {room_message({"r1"}, "lost")}).has_value());

    std::optional<result<>> confirmed;
    this->backend_.node(0).subscribe({"r3"}, [&](result<> r) { confirmed = r; });
    this->backend_.node(0).unsubscribe({"r2"});
    EXPECT_FALSE(confirmed.has_value());
    this->backend_.come_back();
    this->backend_.run_until([&] { return confirmed.has_value(); });
    ASSERT_TRUE(confirmed && confirmed->has_value());

    const auto old_room = room_message({"r1"}, "known before");
    const auto new_room = room_message({"r3"}, "asked for while away");
    this->backend_.run_until([&] { return this->ping(1).has_value(); });
    ASSERT_TRUE(this->publish(1, {room_message({"r2"}, "left while away")}).has_value());
    ASSERT_TRUE(this->publish(1, {old_room, new_room}).has_value());
    this->expect_received(0, {old_room, new_room});
}

TYPED_TEST_P(MessageBusContract, AWaiterMayGoOnToSubscribe) {
    bool second = false;
    auto& node = this->backend_.node(0);
    node.subscribe({"r1"}, [&](auto) {
        node.unsubscribe({"r1"});
        node.subscribe({"r2"}, [&](result<> r) { second = r.has_value(); });
    });
    this->backend_.run_until([&] { return second; });
    EXPECT_TRUE(second);
}

TYPED_TEST_P(MessageBusContract, WhatComesWhileItIsPausedArrivesLaterInOrder) {
    ASSERT_TRUE(this->subscribe(0, {"r1"}).has_value());
    this->backend_.node(0).pause(true);
    typename TestFixture::messages expected;
    for (const char* text : {"1", "2", "3"}) {
        expected.push_back(room_message({"r1"}, text));
        ASSERT_TRUE(this->publish(1, {expected.back()}).has_value());
    }
    // What was being read when it was paused may still come.
    ASSERT_TRUE(this->ping(0).has_value());
    EXPECT_LE(this->batches_[0], 1U);
    EXPECT_LT(this->received_[0].size(), expected.size());
    this->backend_.node(0).pause(false);
    this->expect_received(0, expected);
}

REGISTER_TYPED_TEST_SUITE_P(
    MessageBusContract, AfterSubscribeEachMessageArrivesOnceInOrder, BothNodesGetWhatOnePublishes,
    ForeignRoomsDoNotArrive, AfterUnsubscribeARoomIsForeign,
    ARoomAskedForAgainAfterLeavingArrivesAgain, ARoomAskedForTwiceIsConfirmedTwiceAndArrivesOnce,
    ManyRoomsAreConfirmedAtOnce, MessagesForAllAndForSeveralRoomsArriveEverywhere,
    AMessageIsTheSameOnTheOtherSide, WhatIsPublishedTogetherArrivesInFewBatches,
    PublishingNothingIsDone, NeverAnswersFromInsideTheCall, PingAnswersWhileTheBusIsThere,
    WhileTheBusIsAwayPublishAndPingFail, SubscriptionsSurviveAnOutage, AWaiterMayGoOnToSubscribe,
    WhatComesWhileItIsPausedArrivesLaterInOrder, WhatWasAskedForBeforeIsConfirmedWithIt);

}  // namespace chat_gateway::tests
