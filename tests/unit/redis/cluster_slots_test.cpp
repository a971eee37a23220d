#include "cluster_slots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chat_gateway::redis {
namespace {

using ::testing::ElementsAre;
using kind = redirection::kind;

const node_address asked{"10.0.0.9", 7000};

reply integer(std::int64_t n) {
    return {.type = reply::kind::integer, .integer = n};
}
reply text(std::string t) {
    return {.type = reply::kind::text, .text = std::move(t)};
}
reply array(std::vector<reply> elements) {
    return {.type = reply::kind::array, .elements = std::move(elements)};
}
reply node(std::string host, std::int64_t port) {
    return array({text(std::move(host)), integer(port), text("id"), array({})});
}
reply range(std::int64_t first, std::int64_t last, reply master) {
    return array({integer(first), integer(last), std::move(master), node("10.0.0.5", 1)});
}

// CLUSTER KEYSLOT of Redis 7.0.15 said so.
TEST(RedisSlots, AreCrc16OfTheKey) {
    EXPECT_EQ(slot_of("123456789"), 0x31c3U);  // the check value of the specification
    EXPECT_EQ(slot_of(""), 0U);
    EXPECT_EQ(slot_of("foo"), 12182U);
    EXPECT_EQ(slot_of("bar"), 5061U);
}

TEST(RedisSlots, OfAHashTagAreThoseOfItsContents) {
    EXPECT_EQ(slot_of("{foo}"), slot_of("foo"));
    EXPECT_EQ(slot_of("a{foo}b{bar}"), slot_of("foo"));
    EXPECT_EQ(slot_of("{{foo}}"), slot_of("{foo"));
    EXPECT_NE(slot_of("x{}foo"), slot_of("foo"));
    EXPECT_NE(slot_of("x{foo"), slot_of("foo"));
    EXPECT_NE(slot_of("x}foo{"), slot_of("foo"));
    // An empty tag is none, also if a full one follows.
    EXPECT_NE(slot_of("{}{foo}"), slot_of("foo"));
}

TEST(RedisSlotMap, ReadsRangesAndTheirMasters) {
    const auto map = slot_map::parse(
        array({range(0, 8000, node("10.0.0.1", 6379)), range(8001, 8001, node("10.0.0.2", 6380)),
               range(9000, 16383, node("10.0.0.1", 6379))}),
        asked);
    ASSERT_TRUE(map.has_value());
    EXPECT_THAT(map->masters(),
                ElementsAre(node_address{"10.0.0.1", 6379}, node_address{"10.0.0.2", 6380}));
    EXPECT_EQ(*map->master_of(0), (node_address{"10.0.0.1", 6379}));
    EXPECT_EQ(*map->master_of(8000), (node_address{"10.0.0.1", 6379}));
    EXPECT_EQ(*map->master_of(8001), (node_address{"10.0.0.2", 6380}));
    EXPECT_EQ(map->master_of(8002), nullptr) << "nobody has it";
    EXPECT_EQ(*map->master_of(16383), (node_address{"10.0.0.1", 6379}));
    EXPECT_EQ(map->master_of(16384), nullptr);
    EXPECT_TRUE(map->has({"10.0.0.2", 6380}));
    EXPECT_FALSE(map->has({"10.0.0.5", 1})) << "a replica";
}

TEST(RedisSlotMap, AHostThatIsNotToldIsTheOneAsked) {
    auto untold = node("", 7001);
    untold.elements[0] = reply{};
    for (const auto& master : {node("", 7001), node("?", 7001), untold}) {
        const auto map = slot_map::parse(array({range(0, 16383, master)}), asked);
        ASSERT_TRUE(map.has_value());
        EXPECT_EQ(*map->master_of(5), (node_address{"10.0.0.9", 7001}));
    }
}

TEST(RedisSlotMap, NoSlotAtAllIsUnavailable) {
    EXPECT_EQ(slot_map::parse(array({}), asked).error(), errc::unavailable);
    EXPECT_EQ(slot_map().master_of(0), nullptr);
}

TEST(RedisSlotMap, AnythingElseIsMalformed) {
    const auto good = node("h", 1);
    for (const auto& bad :
         {text("x"), array({text("x")}), array({array({integer(0), integer(1)})}),
          array({range(-1, 1, good)}), array({range(0, 16384, good)}), array({range(2, 1, good)}),
          array({range(0, 1, text("h"))}), array({range(0, 1, node("h", 0))}),
          array({range(0, 1, node("h", 65536))}), array({range(0, 1, array({text("h")}))}),
          array({range(0, 1, node(std::string(256, 'h'), 1))}),
          array({range(0, 1, array({integer(1), integer(1)}))}),
          array({array({text("0"), integer(1), good})})}) {
        const auto map = slot_map::parse(bad, asked);
        ASSERT_FALSE(map.has_value());
        EXPECT_EQ(map.error(), errc::malformed);
    }
}

TEST(RedisSlotMap, HasALimitOfMasters) {
    std::vector<reply> ranges;
    for (std::size_t i = 0; i < slot_map::max_masters; ++i)
        ranges.push_back(range(static_cast<std::int64_t>(i), static_cast<std::int64_t>(i),
                               node("h", static_cast<std::int64_t>(i + 1))));
    EXPECT_TRUE(slot_map::parse(array(ranges), asked).has_value());
    ranges.push_back(range(16000, 16000, node("another", 1)));
    EXPECT_EQ(slot_map::parse(array(ranges), asked).error(), errc::too_large);
}

TEST(RedisSlotMap, MovesASlot) {
    slot_map map = slot_map::parse(array({range(0, 16383, node("a", 1))}), asked).value();
    map.move(7, {"b", 2});
    map.move(16384, {"c", 3});
    EXPECT_EQ(*map.master_of(7), (node_address{"b", 2}));
    EXPECT_EQ(*map.master_of(8), (node_address{"a", 1}));
    EXPECT_THAT(map.masters(), ElementsAre(node_address{"a", 1}, node_address{"b", 2}));
    slot_map unknown;
    unknown.move(7, {"b", 2});
    EXPECT_EQ(*unknown.master_of(7), (node_address{"b", 2}));
    EXPECT_EQ(unknown.master_of(8), nullptr);
}

TEST(RedisRedirection, MovedAndAskSayWhere) {
    EXPECT_EQ(redirection_of("MOVED 3999 127.0.0.1:6381", asked),
              (redirection{kind::moved, 3999, {"127.0.0.1", 6381}}));
    EXPECT_EQ(redirection_of("ASK 16383 node.example:1", asked),
              (redirection{kind::ask, 16383, {"node.example", 1}}));
    EXPECT_EQ(redirection_of("MOVED 1 ::1:6379", asked),
              (redirection{kind::moved, 1, {"::1", 6379}}));
    EXPECT_EQ(redirection_of("MOVED 1 :6379", asked),
              (redirection{kind::moved, 1, {"10.0.0.9", 6379}}));
    EXPECT_EQ(redirection_of("MOVED 1 ?:6379", asked),
              (redirection{kind::moved, 1, {"10.0.0.9", 6379}}));
}

TEST(RedisRedirection, WhatPassesIsTriedAgain) {
    for (const auto* error :
         {"TRYAGAIN Multiple keys request", "CLUSTERDOWN The cluster is down", "CLUSTERDOWN",
          "LOADING Redis is loading", "MASTERDOWN Link with MASTER is down"})
        EXPECT_EQ(redirection_of(error, asked), (redirection{kind::not_now})) << error;
}

TEST(RedisRedirection, OtherErrorsAreNone) {
    for (const auto* error : {"", "ERR unknown command", "MOVED", "MOVED 1", "MOVED 16384 h:1",
                              "MOVED x h:1", "MOVED 1 h", "MOVED 1 h:0", "MOVED 1 h:65536",
                              "MOVED 1 h:x", "moved 1 h:1", "CLUSTERDOWNER", "NOPERM x"})
        EXPECT_EQ(redirection_of(error, asked), redirection{}) << error;
}

}  // namespace
}  // namespace chat_gateway::redis
