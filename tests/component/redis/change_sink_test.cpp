#include "redis_backend.hpp"

#include <chat_gateway/chat/ports/change_feed.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace chat_gateway::tests {
namespace {

using socketio::cluster::message;
using socketio::cluster::request;
using socketio::cluster::request_kind;

message to_room(const std::string& room, const std::string& text) {
    message m;
    m.packet = R"(2["serverMessage",{"content":")" + text + "\"}]";
    m.rooms = {room};
    return m;
}

request join_of(const std::string& user, const std::string& chat) {
    return {.kind = request_kind::join, .to = {.rooms = {"user:" + user}}, .rooms = {chat}};
}

/// A bus and the sink of its wire.
struct adapter {
    const char* name;
    std::unique_ptr<redis::bus> (*bus)(redis_backend&, const std::shared_ptr<redis::connection>&);
    std::unique_ptr<chat::change_sink> (*sink)(std::shared_ptr<redis::connection>);
};

const adapter adapters[] = {
    {"classic", [](redis_backend&, const auto& c) { return redis::make_classic_bus(c, {}); },
     [](auto c) { return redis::make_classic_change_sink(c, "socket.io"); }},
    {"sharded",
     [](redis_backend&, const auto& c) { return redis::make_sharded_bus(c, "socket.io"); },
     [](auto c) { return redis::make_sharded_change_sink(c, "socket.io"); }},
    {"streams",
     [](redis_backend& b, const auto& c) { return redis::make_streams_bus(b.loop, c, {}); },
     [](auto c) { return redis::make_streams_change_sink(c, {}); }},
};

class RedisChangeSink : public testing::TestWithParam<adapter> {
protected:
    RedisChangeSink() {
        bus_->start({.messages =
                         [this](std::vector<message> batch) {
                             for (auto& m : batch)
                                 heard_.emplace_back(std::move(m));
                         },
                     .gap = [] {},
                     .request = [this](request r) { heard_.emplace_back(std::move(r)); },
                     .response = [](auto) {}});
        std::optional<result<>> subscribed;
        bus_->subscribe({"r1"}, [&](result<> r) { subscribed = r; });
        backend_.run_until([&] { return subscribed.has_value(); });
    }

    result<> publish(std::vector<chat::change> changes, std::uint64_t after, std::uint64_t mark) {
        std::optional<result<>> answer;
        sink_->publish_marked(std::move(changes), after, mark, [&](result<> r) { answer = r; });
        EXPECT_FALSE(answer.has_value());
        backend_.run_until([&] { return answer.has_value(); });
        return *answer;
    }
    result<std::uint64_t> mark() {
        std::optional<result<std::uint64_t>> answer;
        sink_->last_mark([&](result<std::uint64_t> r) { answer = r; });
        backend_.run_until([&] { return answer.has_value(); });
        return *answer;
    }

    redis_backend backend_;
    std::shared_ptr<redis::connection> commands_ = backend_.connect();
    std::unique_ptr<redis::bus> bus_ = GetParam().bus(backend_, commands_);
    std::unique_ptr<chat::change_sink> sink_ = GetParam().sink(commands_);
    std::vector<chat::change> heard_;
};

TEST_P(RedisChangeSink, ThisNodeHearsAllOfItInOrder) {
    EXPECT_EQ(mark().value(), 0U);
    auto wide = to_room("r2", "to all nodes");
    wide.to_all_nodes = true;
    ASSERT_TRUE(publish({to_room("r1", "1"), join_of("u", "r1"), to_room("r1", "2"), wide}, 0, 17)
                    .has_value());
    backend_.run_until([&] { return heard_.size() == 4; });
    EXPECT_EQ(std::get<message>(heard_[0]).packet, to_room("r1", "1").packet);
    const auto& joined = std::get<request>(heard_[1]);
    EXPECT_EQ(joined.kind, request_kind::join);
    EXPECT_EQ(joined.to.rooms, (std::vector<std::string>{"user:u"}));
    EXPECT_EQ(joined.rooms, (std::vector<std::string>{"r1"}));
    EXPECT_EQ(std::get<message>(heard_[2]).packet, to_room("r1", "2").packet);
    // Nobody here is in it; on the streams it is named twice, to be heard all the same.
    EXPECT_EQ(std::get<message>(heard_[3]).rooms.front(), "r2");
    EXPECT_EQ(std::get<message>(heard_[3]).rooms.back(), "r2");
    EXPECT_EQ(mark().value(), 17U);
}

TEST_P(RedisChangeSink, TheMarkComesInItsPlaceAmongWhatItStandsFor) {
    const bool keeps_nothing = std::string(GetParam().name) != "streams";
    std::vector<std::pair<std::size_t, std::uint64_t>> marks;  // behind how many changes
    std::size_t refused = 0;
    std::set<std::uint64_t> keepers;
    const auto ask = [&] {
        bus_->read_mark([&](result<chat::bus_mark> r) {
            if (!r) {
                ++refused;
                return;
            }
            marks.emplace_back(heard_.size(), r->id);
            keepers.insert(r->keeper);
        });
    };
    ask();
    EXPECT_TRUE(marks.empty()) << "never from inside the call";
    backend_.run_until([&] { return marks.size() + refused == 1; });
    EXPECT_EQ(refused, keeps_nothing ? 0U : 1U);
    if (!keeps_nothing) return;
    EXPECT_EQ(marks.front(), std::pair(std::size_t{0}, std::uint64_t{0}));
    marks.clear();
    // All of it under way at once; ids as large as they are.
    constexpr std::uint64_t first = 1'795'656'212'618'652;
    std::size_t published = 0;
    for (std::uint64_t i = 0; i < 50; ++i) {
        sink_->publish_marked({to_room("r1", "a"), join_of("u", "r1"), to_room("r1", "b")},
                              i == 0 ? 0 : first + i - 1, first + i,
                              [&](result<> r) { published += r ? 1 : 0; });
        if (i % 3 == 0) ask();
    }
    backend_.run_until(
        [&] { return published == 50 && marks.size() == 17 && heard_.size() == 150; });
    for (const auto& [changes, mark] : marks)
        EXPECT_EQ(changes, (mark - first + 1) * 3);
    EXPECT_EQ(marks.back().first, 49U * 3);
    EXPECT_EQ(bus_->counters().malformed, 0U);
    EXPECT_EQ(keepers.size(), 1U);
    EXPECT_FALSE(keepers.contains(0)) << "it is known who keeps it";
    // Another run of the same server is another keeper.
    backend_.server.stop();
    backend_.server.start();
    std::size_t asked = marks.size() + refused;
    backend_.run_until([&] {
        if (marks.size() + refused != asked) return false;  // none is left open behind this
        if (keepers.size() == 2) return true;
        ask();
        ++asked;
        return false;
    });
}

TEST_P(RedisChangeSink, OnlyWhoGoesOnFromTheMarkMayPublish) {
    // As large as ids are: a double would still hold it, 32 bits would not.
    constexpr std::uint64_t first = 1'795'656'212'618'652;
    ASSERT_TRUE(publish({to_room("r1", "1")}, 0, first).has_value());
    EXPECT_EQ(publish({to_room("r1", "again")}, 0, first).error(), errc::closed);
    EXPECT_EQ(publish({to_room("r1", "again, and more")}, 0, first + 1).error(), errc::closed);
    EXPECT_EQ(publish({to_room("r1", "from the future")}, first + 1, first + 2).error(),
              errc::closed);
    ASSERT_TRUE(publish({to_room("r1", "2")}, first, first + 1).has_value());
    backend_.run_until([&] { return heard_.size() == 2; });
    EXPECT_EQ(std::get<message>(heard_[1]).packet, to_room("r1", "2").packet);
    EXPECT_EQ(mark().value(), first + 1);
}

TEST_P(RedisChangeSink, NothingIsPublishedThatCannotBeRemembered) {
    ASSERT_FALSE(backend_.ask(*commands_, {"CONFIG", "SET", "maxmemory", "1"})->is_error());
    EXPECT_EQ(publish({to_room("r1", "lost memory")}, 0, 1).error(), errc::unavailable);
    ASSERT_FALSE(backend_.ask(*commands_, {"CONFIG", "SET", "maxmemory", "0"})->is_error());
    ASSERT_TRUE(publish({to_room("r1", "remembered")}, 0, 1).has_value());
    backend_.run_until([&] { return !heard_.empty(); });
    EXPECT_EQ(std::get<message>(heard_[0]).packet, to_room("r1", "remembered").packet);
}

TEST_P(RedisChangeSink, AwayIsUnavailable) {
    backend_.stop_server(*commands_);
    EXPECT_EQ(publish({to_room("r1", "x")}, 0, 1).error(), errc::unavailable);
    EXPECT_EQ(mark().error(), errc::unavailable);
}

INSTANTIATE_TEST_SUITE_P(On, RedisChangeSink, testing::ValuesIn(adapters),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace chat_gateway::tests
