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
///     static constexpr bool brings_all_rooms;                    // whether anybody is in them
///     static constexpr bool has_all_rooms;                       // whether its wire has that
///                                                                // request
///     static constexpr bool one_order = false;                   // only if rooms and requests
///                                                                // take several ways
///     void go_away();                                            // the way between the nodes is
///                                                                // gone
///     void come_back();
///     void run_until(const std::function<bool()>& done);         // drives the loop, with a limit
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
    using backend_type = Backend;
    using message = socketio::cluster::message;
    using messages = std::vector<message>;
    using request = socketio::cluster::request;
    using response = socketio::cluster::response;
    using kind = socketio::cluster::request_kind;

    void SetUp() override {
        for (std::size_t i = 0; i < received_.size(); ++i) {
            backend_.node(i).start({
                .messages =
                    [this, i](messages batch) {
                        EXPECT_FALSE(batch.empty());
                        ++batches_[i];
                        for (auto& m : batch) {
                            order_[i].push_back(m.packet);
                            // Where messages are kept they have their places, in order.
                            const std::uint64_t position = std::exchange(m.position, 0);
                            if (position != 0) {
                                EXPECT_GT(position, position_[i]);
                                position_[i] = position;
                            }
                            received_[i].push_back(std::move(m));
                        }
                    },
                .gap = [] {},
                .reached =
                    [this, i](std::uint64_t position) {
                        EXPECT_GE(position, position_[i]);
                        reached_[i] = position;
                    },
                .request =
                    [this, i](request r) {
                        if (!r.rooms.empty()) order_[i].push_back(r.rooms.front());
                        const std::uint64_t position = std::exchange(r.position, 0);
                        if (position != 0) {
                            EXPECT_GT(position, position_[i]);
                            position_[i] = position;
                        }
                        requests_[i].push_back(std::move(r));
                    },
                .response = [this, i](response r) { responses_[i].push_back(std::move(r)); },
            });
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
    result<> ask(std::size_t i, const request& r) {
        return wait_for([&](auto done) { backend_.node(i).ask(r, std::move(done)); });
    }
    /// The request as the other node has got it.
    request arrived(std::size_t i, const request& r) {
        EXPECT_TRUE(ask(i, r).has_value());
        backend_.run_until([&] { return !requests_[1 - i].empty(); });
        if (requests_[1 - i].empty()) return {};
        return std::exchange(requests_[1 - i], {}).front();
    }
    /// What comes back to node 0 when node 1 answers so.
    response answered(const request& asked, response with) {
        const request there = arrived(0, asked);
        with.id = asked.id;
        backend_.node(1).answer(there, with);
        backend_.run_until([&] { return !responses_[0].empty(); });
        if (responses_[0].empty()) return {};
        response back = std::exchange(responses_[0], {}).front();
        back.from.clear();  // not on every wire
        back.to.clear();
        return back;
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
    std::array<std::uint64_t, 2> position_{};  ///< of the last message
    std::array<std::uint64_t, 2> reached_{};
    std::array<std::vector<request>, 2> requests_;
    std::array<std::vector<response>, 2> responses_;
    std::array<std::vector<std::string>, 2> order_;  ///< of messages and requests
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
    std::vector<socketio::cluster::message> expected;
    if (TestFixture::backend_type::brings_all_rooms) expected.push_back(foreign);
    EXPECT_EQ(this->received_[0], expected);
    EXPECT_EQ(this->received_[1], expected);
}

TYPED_TEST_P(MessageBusContract, AfterUnsubscribeARoomIsForeign) {
    ASSERT_TRUE(this->subscribe(0, {"r1", "r2"}).has_value());
    this->backend_.node(0).unsubscribe({"r1", "never asked for"});
    ASSERT_TRUE(this->subscribe(0, {}).has_value());
    const auto left = room_message({"r1"}, "left");
    const auto kept = room_message({"r2"}, "kept");
    ASSERT_TRUE(this->publish(1, {left, kept}).has_value());
    if (TestFixture::backend_type::brings_all_rooms) return this->expect_received(0, {left, kept});
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
    this->backend_.run_until([&] { return this->received_[0].size() >= expected.size(); });
    // In whatever order: they are of different rooms.
    auto arrived = this->packets(this->received_[0]);
    auto sent = this->packets(expected);
    std::ranges::sort(arrived);
    std::ranges::sort(sent);
    EXPECT_EQ(arrived, sent);
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
    if (!TestFixture::backend_type::brings_all_rooms) {
        ASSERT_TRUE(this->publish(1, {room_message({"r2"}, "left while away")}).has_value());
    }
    // One by one: two rooms may have two ways.
    ASSERT_TRUE(this->publish(1, {old_room}).has_value());
    this->expect_received(0, {old_room});
    ASSERT_TRUE(this->publish(1, {new_room}).has_value());
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

TYPED_TEST_P(MessageBusContract, RequestsReachTheOtherNodeAsTheyAre) {
    using namespace socketio::cluster;
    const selection some{.rooms = {"r1", "r2"}, .except = {"r3"}};
    const std::vector<request> requests{
        {.kind = request_kind::join, .to = some, .rooms = {"j1", "j2"}},
        {.kind = request_kind::leave, .to = some, .rooms = {"j1"}},
        {.kind = request_kind::disconnect, .to = some, .close = true},
        {.kind = request_kind::disconnect, .to = {.rooms = {"r1"}}, .close = false},
        {.kind = request_kind::fetch_sockets, .id = "q2", .to = some},
        {.kind = request_kind::server_side_emit, .data = R"(["hello",{"a":1}])"},
        {.kind = request_kind::server_side_emit, .id = "q3", .data = R"(["hello","b"])"},
        {.kind = request_kind::broadcast,
         .id = "q4",
         .to = some,
         .packet = R"(2["ask",1])",
         .timeout = std::chrono::milliseconds(1500)},
        {.kind = request_kind::broadcast,
         .id = "q5",
         .packet = R"(51-["ask",{"_placeholder":true,"num":0}])",
         .attachments = {std::string("\x00\xff", 2)},
         .timeout = std::chrono::milliseconds(1500)},
    };
    ASSERT_TRUE(this->subscribe(0, {}).has_value());
    ASSERT_TRUE(this->subscribe(1, {}).has_value());
    auto sendable = requests;
    if (TestFixture::backend_type::has_all_rooms)
        sendable.push_back({.kind = request_kind::all_rooms, .id = "q1"});
    for (const auto& sent : sendable) {
        request got = this->arrived(0, sent);
        EXPECT_FALSE(got.from.empty());
        got.from.clear();
        EXPECT_EQ(got, sent) << "request kind " << static_cast<int>(sent.kind);
    }
    EXPECT_TRUE(this->requests_[0].empty()) << "a node's own request came back to it";
}

TYPED_TEST_P(MessageBusContract, AnswersComeBackToTheNodeThatAsked) {
    using namespace socketio::cluster;
    const response fetched{.kind = response_kind::fetched,
                           .id = "q1",
                           .fetched = {{.id = "s1",
                                        .handshake = R"({"issued":1})",
                                        .rooms = {"s1", "r1"},
                                        .data = R"({"user_id":"u"})"}}};
    const response rooms{.kind = response_kind::rooms, .id = "q2", .names = {"r1", "r2"}};
    const response value{.kind = response_kind::server_side, .id = "q3", .data = R"({"a":[1]})"};
    const response count{.kind = response_kind::client_count, .id = "q4", .count = 3};
    const response ack{.kind = response_kind::client_ack, .id = "q5", .data = R"("yes")"};
    const response bytes{.kind = response_kind::client_ack,
                         .id = "q6",
                         .data = R"({"_placeholder":true,"num":0})",
                         .attachments = {std::string("\x01\x02", 2)}};
    const request question{.kind = request_kind::broadcast,
                           .packet = R"(2["ask"])",
                           .timeout = std::chrono::milliseconds(1000)};
    ASSERT_TRUE(this->subscribe(0, {}).has_value());
    ASSERT_TRUE(this->subscribe(1, {}).has_value());
    const auto with_id = [](request r, const char* id) {
        r.id = id;
        return r;
    };
    EXPECT_EQ(this->answered({.kind = request_kind::fetch_sockets, .id = "q1"}, fetched), fetched);
    if (TestFixture::backend_type::has_all_rooms) {
        EXPECT_EQ(this->answered({.kind = request_kind::all_rooms, .id = "q2"}, rooms), rooms);
    }
    EXPECT_EQ(this->answered(
                  {.kind = request_kind::server_side_emit, .id = "q3", .data = R"(["e"])"}, value),
              value);
    EXPECT_EQ(this->answered(with_id(question, "q4"), count), count);
    EXPECT_EQ(this->answered(with_id(question, "q5"), ack), ack);
    EXPECT_EQ(this->answered(with_id(question, "q6"), bytes), bytes);
}

TYPED_TEST_P(MessageBusContract, RequestsAndMessagesKeepTheirOrder) {
    ASSERT_TRUE(this->subscribe(1, {"r1"}).has_value());
    std::vector<std::string> expected;
    for (int i = 0; i < 50; ++i) {
        const auto m = room_message({"r1"}, std::to_string(i));
        const std::string room = "room " + std::to_string(i);
        this->backend_.node(0).publish({m}, [](auto) {});
        this->backend_.node(0).ask({.kind = TestFixture::kind::join, .rooms = {room}}, [](auto) {});
        expected.push_back(m.packet);
        expected.push_back(room);
    }
    this->backend_.run_until([&] { return this->order_[1].size() >= expected.size(); });
    if constexpr (requires { TestFixture::backend_type::one_order; }) {
        // Each kind in its own: messages begin with their type.
        const auto is_message = [](const std::string& text) { return text.starts_with('2'); };
        std::ranges::stable_partition(this->order_[1], is_message);
        std::ranges::stable_partition(expected, is_message);
    }
    EXPECT_EQ(this->order_[1], expected);
}

TYPED_TEST_P(MessageBusContract, KnowsHowManyOtherNodesThereAre) {
    for (std::size_t i = 0; i < 2; ++i) {
        std::optional<result<std::size_t>> others;
        const auto ask = [&] {
            others.reset();
            this->backend_.node(i).count_others([&](result<std::size_t> n) { others = n; });
            this->backend_.run_until([&] { return others.has_value(); });
            return others && others->has_value() ? **others : std::size_t{99};
        };
        // Each node has made itself known by the time its subscriptions are confirmed.
        ASSERT_TRUE(this->subscribe(0, {}).has_value());
        ASSERT_TRUE(this->subscribe(1, {}).has_value());
        EXPECT_EQ(ask(), 1U);
    }
}

REGISTER_TYPED_TEST_SUITE_P(
    MessageBusContract, AfterSubscribeEachMessageArrivesOnceInOrder, BothNodesGetWhatOnePublishes,
    ForeignRoomsDoNotArrive, AfterUnsubscribeARoomIsForeign,
    ARoomAskedForAgainAfterLeavingArrivesAgain, ARoomAskedForTwiceIsConfirmedTwiceAndArrivesOnce,
    ManyRoomsAreConfirmedAtOnce, MessagesForAllAndForSeveralRoomsArriveEverywhere,
    AMessageIsTheSameOnTheOtherSide, WhatIsPublishedTogetherArrivesInFewBatches,
    PublishingNothingIsDone, NeverAnswersFromInsideTheCall, PingAnswersWhileTheBusIsThere,
    WhileTheBusIsAwayPublishAndPingFail, SubscriptionsSurviveAnOutage, AWaiterMayGoOnToSubscribe,
    WhatComesWhileItIsPausedArrivesLaterInOrder, WhatWasAskedForBeforeIsConfirmedWithIt,
    RequestsReachTheOtherNodeAsTheyAre, AnswersComeBackToTheNodeThatAsked,
    RequestsAndMessagesKeepTheirOrder, KnowsHowManyOtherNodesThereAre);

}  // namespace chat_gateway::tests
