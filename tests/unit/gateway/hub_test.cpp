#include "support/manual_scheduler.hpp"

#include <chat_gateway/gateway/hub.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace chat_gateway::gateway {
namespace {

using namespace std::chrono_literals;

/// Records what is asked of it; the test plays the other nodes.
class recording_bus final : public chat::message_bus {
public:
    void start(handlers) override {}
    void subscribe(std::vector<std::string> rooms, done_handler done) override {
        subscribed.insert(subscribed.end(), rooms.begin(), rooms.end());
        waiting.push_back(std::move(done));
    }
    void unsubscribe(const std::vector<std::string>& rooms) override {
        unsubscribed.insert(unsubscribed.end(), rooms.begin(), rooms.end());
    }
    void publish(std::vector<socketio::cluster::message> messages, done_handler done) override {
        published += messages.size();
        done(publish_result);
    }
    void ask(socketio::cluster::request, done_handler) override {}
    void answer(const socketio::cluster::request&, socketio::cluster::response) override {}
    void count_others(unique_function<void(result<std::size_t>)>) override {}
    void pause(bool) override {}
    void ping(done_handler handler) override { handler({}); }

    std::vector<std::string> subscribed;
    std::vector<std::string> unsubscribed;
    std::vector<done_handler> waiting;
    std::size_t published = 0;
    result<> publish_result;
};

class HubTest : public ::testing::Test {
protected:
    static socketio::cluster::message message(std::string text, std::vector<std::string> rooms) {
        socketio::cluster::message m;
        m.packet = std::move(text);
        m.rooms = std::move(rooms);
        return m;
    }
    std::vector<std::string> texts(unsigned shard) const {
        std::vector<std::string> out;
        for (const auto& d : delivered[shard])
            out.emplace_back(d->text.packet());
        return out;
    }

    tests::manual_scheduler timers;
    recording_bus bus;
    metrics figures;
    metrics_block& counts = figures.make_block();
    std::vector<delivery_batch> delivered{3};
    std::size_t posts = 0;
    hub under_test{
        timers, bus, counts, 3, {.window = 0ms}, [this](unsigned shard, delivery_batch batch) {
            ++posts;
            std::move(batch.begin(), batch.end(), std::back_inserter(delivered[shard]));
        }};
};

TEST_F(HubTest, AnswersWhenTheBusHasConfirmed) {
    bool done = false;
    under_test.acquire(0, {"a", "b"}, [&](auto) { done = true; });
    EXPECT_FALSE(done);
    EXPECT_EQ(bus.subscribed, (std::vector<std::string>{"a", "b"}));
    bus.waiting.front()({});
    EXPECT_TRUE(done);
}

TEST_F(HubTest, AsksTheBusOnceForARoomButWaitsForItEachTime) {
    under_test.acquire(0, {"a"}, [](auto) {});
    bool done = false;
    under_test.acquire(1, {"a", "b"}, [](auto) {});
    under_test.acquire(1, {}, [&](auto) { done = true; });
    EXPECT_EQ(bus.subscribed, (std::vector<std::string>{"a", "b"}));
    EXPECT_FALSE(done);
    bus.waiting.back()({});
    EXPECT_TRUE(done);
}

TEST_F(HubTest, ASubscriptionThatFailedIsNoConfirmation) {
    bool done = false;
    under_test.acquire(0, {"a"}, [&](auto) { done = true; });
    bus.waiting.front()(errc::closed);
    EXPECT_FALSE(done);
}

TEST_F(HubTest, MessagesGoToTheShardsThatHoldTheRoom) {
    under_test.acquire(0, {"a"}, [](auto) {});
    under_test.acquire(2, {"a", "b"}, [](auto) {});
    under_test.on_messages(
        {message("1", {"a"}), message("2", {"b"}), message("3", {"c"}), message("4", {"a", "b"})});
    EXPECT_EQ(texts(0), (std::vector<std::string>{"41", "44"}));
    EXPECT_TRUE(delivered[1].empty());
    EXPECT_EQ(texts(2), (std::vector<std::string>{"41", "42", "44"}));
    EXPECT_EQ(posts, 2U) << "one post for each shard and bus read";
    EXPECT_EQ(delivered[0][0].get(), delivered[2][0].get()) << "encoded once";
}

TEST_F(HubTest, MessagesForEverybodyGoToAllShards) {
    under_test.on_messages({message("1", {})});
    for (unsigned shard = 0; shard < 3; ++shard)
        EXPECT_EQ(texts(shard), std::vector<std::string>{"41"});
}

TEST_F(HubTest, TheGracePeriodStartsAnewWithEachRelease) {
    under_test.acquire(0, {"a"}, [](auto) {});
    under_test.release(0, {"a"});
    timers.advance(hub::grace - 1ms);
    under_test.acquire(0, {"a"}, [](auto) {});
    under_test.release(0, {"a"});
    timers.advance(hub::grace - 1ms);
    EXPECT_TRUE(bus.unsubscribed.empty());
    timers.advance(2ms);
    EXPECT_EQ(bus.unsubscribed, std::vector<std::string>{"a"});
}

TEST_F(HubTest, OtherNamespacesAreNotServed) {
    auto m = message("1", {});
    m.nsp = "/admin";
    under_test.on_messages({std::move(m)});
    EXPECT_EQ(posts, 0U);
}

TEST_F(HubTest, ARoomIsDroppedWhenNobodyHeldItForTheGracePeriod) {
    under_test.acquire(0, {"a"}, [](auto) {});
    under_test.acquire(1, {"a"}, [](auto) {});
    under_test.release(0, {"a"});
    timers.advance(3 * hub::grace);
    EXPECT_TRUE(bus.unsubscribed.empty());
    under_test.release(1, {"a"});
    timers.advance(hub::grace - 1ms);
    EXPECT_TRUE(bus.unsubscribed.empty());
    timers.advance(2ms);
    EXPECT_EQ(bus.unsubscribed, std::vector<std::string>{"a"});
    EXPECT_EQ(under_test.room_count(), 0U);
}

TEST_F(HubTest, ARoomTakenUpAgainInTimeIsKept) {
    under_test.acquire(0, {"a"}, [](auto) {});
    under_test.release(0, {"a"});
    timers.advance(hub::grace - 1ms);
    under_test.acquire(1, {"a"}, [](auto) {});
    timers.advance(5 * hub::grace);
    EXPECT_TRUE(bus.unsubscribed.empty());
    under_test.on_messages({message("1", {"a"})});
    EXPECT_EQ(texts(1), std::vector<std::string>{"41"});
    EXPECT_TRUE(delivered[0].empty());
}

TEST_F(HubTest, PublishingIsCounted) {
    under_test.publish({message("1", {"a"}), message("2", {"a"})},
                       [](result<> r) { EXPECT_TRUE(r); });
    bus.publish_result = errc::unavailable;
    under_test.publish({message("3", {"a"})}, [](result<> r) { EXPECT_FALSE(r); });
    EXPECT_EQ(bus.published, 3U);
    EXPECT_EQ(figures.sum(metric::bus_publishes), 2U);
    EXPECT_EQ(figures.sum(metric::bus_publish_failures), 1U);
}

TEST_F(HubTest, MessagesForARoomThatIsExpectedGoToEveryShard) {
    constexpr auto half = std::chrono::milliseconds(hub::grace) / 2;
    under_test.acquire(1, {"held"}, [](auto) {});
    under_test.expect({"new", "held"});
    under_test.on_messages({message("1", {"new"}), message("2", {"held"}), message("3", {"no"})});
    for (unsigned shard = 0; shard < 3; ++shard)
        EXPECT_EQ(texts(shard), (std::vector<std::string>{"41", "42"})) << shard;
    EXPECT_EQ(bus.subscribed, std::vector<std::string>{"held"});
    timers.advance(half);
    under_test.expect({"new"});
    timers.advance(half);
    under_test.on_messages({message("4", {"new"}), message("5", {"held"})});
    EXPECT_EQ(texts(0).size(), 3U) << "the new one is expected anew, the held one is not";
    EXPECT_EQ(texts(1).size(), 4U);
    timers.advance(half);
    under_test.on_messages({message("6", {"new"})});
    EXPECT_EQ(texts(0).size(), 3U);
}

TEST_F(HubTest, ExpectsSoManyRoomsAndNoMore) {
    under_test.expect({"first", "second"});
    for (std::size_t n = 0; n < hub::max_expected - 1; ++n)
        under_test.expect({"room " + std::to_string(n)});
    under_test.on_messages({message("1", {"first"}), message("2", {"second"})});
    EXPECT_EQ(texts(0), std::vector<std::string>{"42"});
}

TEST_F(HubTest, KnowsTheBusiestRooms) {
    const auto any = [](std::string_view) { return true; };
    under_test.acquire(0, {"quiet", "busy", "busiest", "silent"}, [](auto) {});
    under_test.on_messages({message("1", {"busiest"}), message("2", {"busiest", "busy"}),
                            message("3", {"busy", "quiet"}), message("4", {"busiest"}),
                            message("5", {"elsewhere"}), message("6", {})});
    using names = std::vector<std::string>;
    EXPECT_EQ(under_test.busiest(10, any), (names{"busiest", "busy", "quiet", "silent"}));
    EXPECT_EQ(under_test.busiest(2, any), (names{"busiest", "busy"}));
    EXPECT_EQ(under_test.busiest(0, any), names{});
    const auto not_that = [](std::string_view name) { return name != "busiest"; };
    EXPECT_EQ(under_test.busiest(1, not_that), names{"busy"});
    EXPECT_EQ(under_test.counts_of("busiest").messages, 3U);
    EXPECT_EQ(under_test.counts_of("elsewhere").messages, 0U);
}

TEST_F(HubTest, KeepsTheCountsOfRoomsWhenOthersGo) {
    const auto any = [](std::string_view) { return true; };
    under_test.acquire(0, {"a", "b", "c"}, [](auto) {});
    under_test.on_messages({message("1", {"a", "b", "c"}), message("2", {"c"})});
    under_test.release(0, {"a"});
    timers.advance(hub::grace);
    under_test.on_messages({message("3", {"b", "c"})});
    EXPECT_EQ(under_test.busiest(10, any), (std::vector<std::string>{"c", "b"}));
    EXPECT_EQ(under_test.counts_of("c").messages, 3U);
    EXPECT_EQ(under_test.counts_of("b").messages, 2U);
}

TEST_F(HubTest, ForgetsTheCountsOfARoomWithTheRoom) {
    const auto any = [](std::string_view) { return true; };
    under_test.acquire(0, {"a"}, [](auto) {});
    under_test.on_messages({message("1", {"a"})});
    under_test.note_denial("a");
    under_test.note_denial("nobody's");
    EXPECT_EQ(under_test.counts_of("a").denials, 1U);
    EXPECT_EQ(under_test.counts_of("nobody's").denials, 0U);
    under_test.release(0, {"a"});
    EXPECT_TRUE(under_test.busiest(10, any).empty()) << "nobody is in it";
    under_test.acquire(0, {"a"}, [](auto) {});
    EXPECT_EQ(under_test.counts_of("a").messages, 1U) << "back within the grace period";
    under_test.release(0, {"a"});
    timers.advance(hub::grace);
    under_test.acquire(0, {"a"}, [](auto) {});
    EXPECT_EQ(under_test.counts_of("a").messages, 0U);
    EXPECT_EQ(under_test.counts_of("a").denials, 0U);
}

TEST_F(HubTest, RemembersWhatWentOnAtShardsThatHaveLeftARoom) {
    under_test.acquire(0, {"a"}, [](auto) {});
    under_test.acquire(1, {"a"}, [](auto) {});
    const std::vector<left_room> left{{"a", {.sent = 5, .joined = 2, .departed = 1}}};
    under_test.release(0, left);
    under_test.acquire(0, {"a"}, [](auto) {});
    under_test.release(0, left);
    EXPECT_EQ(under_test.counts_of("a").before,
              (socketio::room_index::tally{.sent = 10, .joined = 4, .departed = 2}));
    under_test.release(1, left);
    timers.advance(hub::grace);
    under_test.acquire(0, {"a"}, [](auto) {});
    EXPECT_EQ(under_test.counts_of("a").before, socketio::room_index::tally());
}

TEST_F(HubTest, LargeMessagesAreCompressedOnceForAllShardsIfAsked) {
    const std::string large = "2[\"e\",\"" + std::string(2000, 'x') + "\"]";
    under_test.acquire(0, {"r"}, [](auto) {});
    under_test.acquire(1, {"r"}, [](auto) {});
    const auto send = [&] {
        auto m = message(large, {"r"});
        m.attachments = {std::string(2000, 'y')};
        under_test.on_messages({m, message("2[\"e\"]", {"r"})});
    };
    send();
    under_test.set_compression(true);
    send();
    ASSERT_EQ(delivered[0].size(), 4U);
    for (const auto& d : {delivered[0][0], delivered[0][1], delivered[0][3]})
        EXPECT_EQ(d->text.frame(true), d->text.frame());
    const auto& compressed = delivered[0][2];
    EXPECT_LT(compressed->text.frame(true).size(), 100U);
    EXPECT_EQ(compressed->text.packet(), "4" + large);
    EXPECT_LT(compressed->attachments.at(0).frame(true).size(), 100U);
    EXPECT_EQ(delivered[1][2], compressed);
}

class HubRecoveryTest : public ::testing::Test {
protected:
    static socketio::cluster::message message(std::string packet, std::vector<std::string> rooms) {
        socketio::cluster::message m;
        m.packet = std::move(packet);
        m.rooms = std::move(rooms);
        return m;
    }
    void receive(const std::string& name, std::vector<std::string> rooms) {
        under_test.on_messages({message("2[\"" + name + "\"]", std::move(rooms))});
    }
    void acquire(unsigned shard, std::vector<std::string> rooms) {
        under_test.acquire(shard, std::move(rooms),
                           [this](std::uint64_t position) { acquired_at = position; });
        bus.waiting.back()({});
    }
    suspended_session session(std::vector<std::string> rooms) const {
        suspended_session s{.pid = public_id::make(0, 1),
                            .id = public_id::make(0, 1),
                            .user = "ada",
                            .start = acquired_at,
                            .rooms = {},
                            .left = {}};
        for (auto& room : rooms)
            s.rooms.push_back({std::move(room), acquired_at});
        return s;
    }
    /// The last argument of a delivered event.
    static std::string offset_of(const delivery& d) {
        const std::string text(d.text.packet());
        const auto begin = text.rfind(",\"") + 2;
        return text.substr(begin, text.size() - begin - 2);
    }
    std::vector<std::string> names(const resumption& r) const {
        std::vector<std::string> out;
        for (const auto& d : r.missed) {
            const std::string text(d->text.packet());
            out.push_back(text.substr(4, text.find('"', 4) - 4));
        }
        return out;
    }

    tests::manual_scheduler timers;
    recording_bus bus;
    metrics figures;
    metrics_block& counts = figures.make_block();
    std::vector<std::shared_ptr<const delivery>> delivered;
    std::uint64_t acquired_at = 0;
    hub under_test{timers,
                   bus,
                   counts,
                   2,
                   {.window = 10s, .packet_time = 20s},
                   [this](unsigned, delivery_batch batch) {
                       std::move(batch.begin(), batch.end(), std::back_inserter(delivered));
                   }};
};

TEST_F(HubRecoveryTest, EventsCarryOffsetsThatDiffer) {
    acquire(0, {"a"});
    receive("one", {"a"});
    receive("two", {"a"});
    ASSERT_EQ(delivered.size(), 2U);
    EXPECT_TRUE(delivered[0]->text.packet().starts_with("42[\"one\",\""));
    EXPECT_NE(offset_of(*delivered[0]), offset_of(*delivered[1]));
}

TEST_F(HubRecoveryTest, VolatileEventsCarryNone) {
    acquire(0, {"a"});
    auto m = message("2[\"typing\"]", {"a"});
    m.volatile_ = true;
    under_test.on_messages({std::move(m)});
    ASSERT_EQ(delivered.size(), 1U);
    EXPECT_EQ(delivered[0]->text.packet(), "42[\"typing\"]");
    EXPECT_TRUE(delivered[0]->droppable);
}

TEST_F(HubRecoveryTest, ASuspendedSessionKeepsItsRoomsAndGetsWhatItMissed) {
    acquire(0, {"a"});
    receive("seen", {"a"});
    const auto s = session({"a"});
    under_test.suspend(s);
    under_test.release(0, {"a"});
    timers.advance(hub::grace + 1s);
    EXPECT_TRUE(bus.unsubscribed.empty());
    receive("missed", {"a"});
    EXPECT_EQ(delivered.size(), 1U) << "no shard holds the room";
    ASSERT_NE(under_test.suspended(s.pid.text(), "ada"), nullptr);
    acquire(1, {"a"});
    const auto outcome = under_test.resume({s.pid.text(), offset_of(*delivered[0])}, "ada", {"a"});
    ASSERT_TRUE(std::holds_alternative<resumption>(outcome));
    EXPECT_EQ(names(std::get<resumption>(outcome)), std::vector<std::string>{"missed"});
    EXPECT_EQ(under_test.suspended(s.pid.text(), "ada"), nullptr);
}

TEST_F(HubRecoveryTest, ASessionWhoseTimeIsUpLetsItsRoomsGo) {
    acquire(0, {"a"});
    const auto s = session({"a"});
    under_test.suspend(s);
    under_test.release(0, {"a"});
    timers.advance(12s);
    EXPECT_EQ(under_test.suspended(s.pid.text(), "ada"), nullptr);
    EXPECT_TRUE(bus.unsubscribed.empty()) << "the grace period has begun only now";
    timers.advance(hub::grace + 1s);
    EXPECT_EQ(bus.unsubscribed, std::vector<std::string>{"a"});
    EXPECT_EQ(under_test.room_count(), 0U);
}

TEST_F(HubRecoveryTest, RoomsWithoutRightsStayOut) {
    acquire(0, {"a", "b"});
    receive("seen", {"a"});
    const auto s = session({"a", "b"});
    under_test.suspend(s);
    receive("in a", {"a"});
    receive("in b", {"b"});
    const auto outcome = under_test.resume({s.pid.text(), offset_of(*delivered[0])}, "ada", {"a"});
    ASSERT_TRUE(std::holds_alternative<resumption>(outcome));
    EXPECT_EQ(names(std::get<resumption>(outcome)), std::vector<std::string>{"in a"});
}

// Between another node's order to join and the bus' confirmation a socket is in the room already.
TEST_F(HubRecoveryTest, WhatCameForARoomThatWasOnlyExpectedIsKept) {
    acquire(0, {"a"});
    receive("seen", {"a"});
    const auto offset = offset_of(*delivered[0]);
    receive("before the order", {"new", "a"});
    auto s = session({"a"});
    s.rooms.push_back({"new", under_test.last_position()});
    under_test.expect({"new"});
    receive("ahead of the holder", {"new"});
    under_test.acquire(0, {"new"}, [](auto) {});
    receive("ahead of the confirmation", {"new"});
    bus.waiting.back()({});
    receive("behind it", {"new"});
    under_test.suspend(s);
    const auto outcome = under_test.resume({s.pid.text(), offset}, "ada", {"a", "new"});
    ASSERT_TRUE(std::holds_alternative<resumption>(outcome));
    EXPECT_EQ(names(std::get<resumption>(outcome)),
              (std::vector<std::string>{"before the order", "ahead of the holder",
                                        "ahead of the confirmation", "behind it"}));
}

TEST_F(HubRecoveryTest, WhatNobodyHasComeForIsForgottenWithTheExpectation) {
    under_test.expect({"new"});
    receive("for nobody", {"new"});
    EXPECT_GT(figures.sum(metric::recovery_bytes), 0U);
    timers.advance(hub::grace + 1s);
    acquire(0, {"a"});
    receive("first", {"a"});
    const auto with_one = figures.sum(metric::recovery_bytes);
    receive("other", {"a"});
    EXPECT_EQ(figures.sum(metric::recovery_bytes), 2 * with_one) << "only these two are kept";
}

TEST_F(HubRecoveryTest, SaysWhyASessionDoesNotComeBack) {
    const auto why = [&](const socketio::recovery_claim& claim, const char* user = "ada") {
        const auto outcome = under_test.resume(claim, user, {"a"});
        const auto* failure = std::get_if<recovery_failure>(&outcome);
        return failure ? std::string(to_string(*failure)) : "recovered";
    };
    acquire(0, {"a"});
    receive("seen", {"a"});
    const std::string offset = offset_of(*delivered[0]);
    const auto suspend = [&] {
        const auto s = session({"a"});
        under_test.suspend(s);
        return s.pid.text();
    };
    EXPECT_EQ(why({"nonsense", offset}), "unknown_session");
    EXPECT_EQ(why({suspend(), offset}, "eve"), "unknown_session");
    EXPECT_EQ(why({suspend(), "nonsense"}), "unknown_offset");
    EXPECT_EQ(why({suspend(), offset + "0"}), "unknown_offset") << "not reached yet";
    const auto before_the_gap = suspend();
    under_test.on_gap();
    EXPECT_EQ(why({before_the_gap, offset}), "incomplete");
    EXPECT_EQ(why({before_the_gap, offset}), "unknown_session") << "used once";
    acquire(0, {"a"});
    receive("behind the gap", {"a"});
    EXPECT_EQ(why({suspend(), offset_of(*delivered.back())}), "recovered");
}

TEST_F(HubRecoveryTest, LeavesNoTimerBehindWhenNothingIsKept) {
    acquire(0, {"a"});
    receive("one", {"a"});
    EXPECT_GT(figures.sum(metric::recovery_bytes), 0U);
    timers.advance(30s);
    EXPECT_EQ(figures.sum(metric::recovery_bytes), 0U);
    EXPECT_EQ(timers.pending(), 0U);
}

}  // namespace
}  // namespace chat_gateway::gateway
