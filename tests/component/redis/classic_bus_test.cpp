#include "redis_backend.hpp"
#include "support/ports/message_bus_contract.hpp"

#include <chat_gateway/socketio/cluster/classic_codec.hpp>

#include <gmock/gmock.h>

namespace chat_gateway::tests {
namespace {

namespace classic = socketio::cluster::classic;
using socketio::cluster::message;
using socketio::cluster::request;
using ::testing::ElementsAre;

template <bool RoomChannels>
class bus_backend : public redis_backend {
public:
    static constexpr bool brings_all_rooms = false;
    static constexpr bool has_all_rooms = true;
    bus_backend() {
        for (auto& node : nodes_) {
            node = redis::make_classic_bus(commands_,
                                           {.prefix = "test[1]*", .room_channels = RoomChannels});
        }
    }
    chat::message_bus& node(std::size_t i) { return *nodes_.at(i); }
    void go_away() { stop_server(*commands_); }
    void come_back() { server.start(); }

private:
    std::shared_ptr<redis::connection> commands_ = connect();
    std::array<std::unique_ptr<redis::bus>, 2> nodes_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(RedisRooms, MessageBusContract, bus_backend<true>);
INSTANTIATE_TYPED_TEST_SUITE_P(RedisAll, MessageBusContract, bus_backend<false>);

class RedisClassicBus : public ::testing::TestWithParam<bool> {
protected:
    void SetUp() override {
        bus_ = redis::make_classic_bus(commands_, {.room_channels = GetParam()});
        bus_->start({
            .messages =
                [this](std::vector<message> batch) {
                    for (auto& m : batch)
                        received_.push_back(std::move(m));
                },
            .gap = [this] { ++gaps_; },
            .request = [this](request r) { requests_.push_back(std::move(r)); },
            .response = [](auto) {},
        });
    }
    void subscribe(std::vector<std::string> rooms) {
        std::optional<result<>> answer;
        bus_->subscribe(std::move(rooms), [&](result<> r) { answer = r; });
        backend_.run_until([&] { return answer.has_value(); });
        ASSERT_TRUE(answer && answer->has_value());
    }
    /// How many got it.
    std::int64_t publish_raw(const std::string& channel, const std::string& payload) {
        return backend_.ask(*commands_, {"PUBLISH", channel, payload})->integer;
    }
    static std::string from_emitter(const message& m) {
        return classic::encode_broadcast("emitter", m).value();
    }

    redis_backend backend_;
    std::shared_ptr<redis::connection> commands_ = backend_.connect();
    std::unique_ptr<redis::bus> bus_;
    std::vector<message> received_;
    std::vector<request> requests_;
    int gaps_ = 0;
};

TEST_P(RedisClassicBus, WhatAnEmitterPublishesArrives) {
    subscribe({"r1"});
    const auto one = room_message({"r1"}, "one");
    const auto all = room_message({}, "all");
    EXPECT_EQ(publish_raw("socket.io#/#r1#", from_emitter(one)), 1);
    EXPECT_EQ(publish_raw("socket.io#/#", from_emitter(all)), 1);
    backend_.run_until([&] { return received_.size() == 2; });
    EXPECT_THAT(received_, ElementsAre(one, all));
}

TEST_P(RedisClassicBus, TheOptionsDecideNotTheChannel) {
    subscribe({"r1"});
    const auto other = room_message({"r2"}, "for another room");
    EXPECT_EQ(publish_raw("socket.io#/#r1#", from_emitter(other)), 1);
    backend_.run_until([&] { return !received_.empty(); });
    EXPECT_THAT(received_, ElementsAre(other));
}

TEST_P(RedisClassicBus, MalformedMessagesAreDroppedAndCounted) {
    subscribe({"r1"});
    EXPECT_EQ(publish_raw("socket.io#/#r1#", ""), 1);
    EXPECT_EQ(publish_raw("socket.io#/#r1#", R"({"type":2})"), 1);
    EXPECT_EQ(publish_raw("socket.io#/#", "\x93\xa1u"), 1);
    const auto good = room_message({"r1"}, "good");
    EXPECT_EQ(publish_raw("socket.io#/#r1#", from_emitter(good)), 1);
    backend_.run_until([&] { return !received_.empty(); });
    EXPECT_THAT(received_, ElementsAre(good));
    EXPECT_EQ(bus_->counters(), (redis::bus_counters{.messages = 1, .malformed = 3}));
}

TEST_P(RedisClassicBus, OtherPrefixesAndNamespacesAreNotHeard) {
    subscribe({"r1"});
    const auto m = room_message({"r1"}, "x");
    EXPECT_EQ(publish_raw("other#/#r1#", from_emitter(m)), 0);
    EXPECT_EQ(publish_raw("socketXio#/#", from_emitter(m)), 0);
    EXPECT_EQ(publish_raw("socket.io#/admin#", from_emitter(m)), 0);
    EXPECT_EQ(publish_raw("socket.io-request#/admin#", R"({"type":1,"requestId":"q"})"), 0);
}

TEST_P(RedisClassicBus, ListensToRequestsOnceSinceThatIsHowNodesAreCounted) {
    subscribe({"r1"});
    EXPECT_EQ(publish_raw("socket.io-request#/#", R"({"type":1,"requestId":"q"})"), 1);
    EXPECT_EQ(publish_raw("socket.io-response#/#", "{}"), 1);
    backend_.run_until([&] { return requests_.size() == 1; });
    EXPECT_THAT(requests_, ElementsAre(request{.kind = socketio::cluster::request_kind::all_rooms,
                                               .id = "q"}));
}

TEST_P(RedisClassicBus, MalformedRequestsAreDroppedAndCounted) {
    subscribe({});
    publish_raw("socket.io-request#/#", R"({"type":4,"close":true})");
    publish_raw("socket.io-request#/#", "\xc1");
    publish_raw("socket.io-response#/#", "[]");
    publish_raw("socket.io-request#/#", R"({"type":1,"requestId":"q"})");
    backend_.run_until([&] { return !requests_.empty(); });
    EXPECT_EQ(requests_.size(), 1U);
    EXPECT_EQ(bus_->counters().malformed, 3U);
}

TEST_P(RedisClassicBus, AMessageThatCannotBeEncodedIsMalformedAndNothingIsPublished) {
    subscribe({"r1"});
    auto bad = room_message({"r1"}, "x");
    bad.packet = "2not json";
    std::optional<result<>> answer;
    bus_->publish({room_message({"r1"}, "good"), bad}, [&](result<> r) { answer = r; });
    EXPECT_FALSE(answer.has_value());
    backend_.run_until([&] { return answer.has_value(); });
    ASSERT_FALSE(answer->has_value());
    EXPECT_EQ(answer->error(), errc::malformed);
    EXPECT_EQ(publish_raw("socket.io#/#", from_emitter(room_message({}, "after"))), 1);
    backend_.run_until([&] { return !received_.empty(); });
    EXPECT_THAT(received_, ElementsAre(room_message({}, "after")));
}

TEST_P(RedisClassicBus, ARefusedPublishIsUnavailable) {
    subscribe({"r1"});
    ASSERT_EQ(backend_
                  .ask(*commands_,
                       {"ACL", "SETUSER", "mute", "on", ">p", "+@all", "-publish", "~*", "&*"})
                  ->text,
              "OK");
    auto where = backend_.where();
    where.user = "mute";
    where.password = "p";
    const auto bus = redis::make_classic_bus(backend_.connect(where), {});
    std::optional<result<>> answer;
    bus->publish({room_message({"r1"}, "x")}, [&](result<> r) { answer = r; });
    backend_.run_until([&] { return answer.has_value(); });
    ASSERT_FALSE(answer->has_value());
    EXPECT_EQ(answer->error(), errc::unavailable);
}

TEST_P(RedisClassicBus, ReconnectsAreCounted) {
    subscribe({"r1"});
    EXPECT_EQ(bus_->counters().reconnects, 0U);
    backend_.stop_server(*commands_);
    backend_.server.start();
    backend_.run_until([&] { return bus_->counters().reconnects == 1 && gaps_ == 2; });
    EXPECT_EQ(bus_->counters().reconnects, 1U);
    EXPECT_EQ(gaps_, 2) << "the loss, and the moment from which nothing is missed any more";
}

TEST_P(RedisClassicBus, WithoutItsListeningConnectionItIsNotReady) {
    subscribe({"r1"});
    backend_.stop_server(*commands_);
    backend_.server.start();
    backend_.wait_until_back(*commands_);
    // Of two connections that come back by themselves either may be first; in the end both are
    // there.
    std::optional<result<>> answer = result<>(make_error_code(errc::unavailable));
    backend_.run_until([&] {
        if (!answer) return false;
        if (answer->has_value()) return true;
        EXPECT_EQ(answer->error(), errc::unavailable);
        answer.reset();
        bus_->ping([&](result<> r) { answer = r; });
        return false;
    });
    EXPECT_EQ(bus_->counters().reconnects, 1U);
}

TEST_P(RedisClassicBus, WaitersOfABusThatGoesAreTold) {
    subscribe({"r1"});
    backend_.stop_server(*commands_);
    std::optional<result<>> answer;
    bus_->subscribe({"r2"}, [&](result<> r) { answer = r; });
    bus_.reset();
    EXPECT_FALSE(answer.has_value());
    backend_.run_until([&] { return answer.has_value(); });
    ASSERT_FALSE(answer->has_value());
    EXPECT_EQ(answer->error(), errc::closed);
}

TEST_P(RedisClassicBus, ABusMayGoAmongItsMessages) {
    subscribe({"r1"});
    const auto m = from_emitter(room_message({"r1"}, "x"));
    for (int i = 0; i < 100; ++i)
        commands_->execute({"PUBLISH", "socket.io#/#r1#", m}, [](auto) {});
    backend_.run_until([&] { return !received_.empty(); });
    bus_.reset();
    const auto before = received_.size();
    ASSERT_TRUE(backend_.ask(*commands_, {"PING"}).has_value());
    EXPECT_EQ(received_.size(), before);
}

INSTANTIATE_TEST_SUITE_P(Subscription, RedisClassicBus, ::testing::Bool(),
                         [](const auto& p) { return std::string(p.param ? "Rooms" : "All"); });

}  // namespace
}  // namespace chat_gateway::tests
