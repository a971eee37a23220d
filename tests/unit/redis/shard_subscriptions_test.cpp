#include "shard_subscriptions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace chat_gateway::redis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using namespace std::chrono_literals;

const node_address a{"10.0.0.1", 1};
const node_address b{"10.0.0.2", 2};

/// Channels of one slot: `{1}x`.
class RedisShardSubscriptions : public ::testing::Test {
protected:
    static slot_map map_of(const node_address& ones, const node_address& twos) {
        slot_map map;
        for (unsigned slot = 0; slot < slot_count; ++slot)
            map.move(slot, slot == slot_of("2") ? twos : ones);
        return map;
    }
    void SetUp() override { subject_.use(map_of(a, b)); }

    /// `a: SSUBSCRIBE x y`, a line for each command.
    std::vector<std::string> sent() {
        std::vector<std::string> lines;
        for (const auto& c : subject_.take_commands(now_)) {
            std::vector<reply> parsed;
            EXPECT_TRUE(reply_reader().feed(c.bytes, parsed).has_value());
            for (const auto& words : parsed) {
                std::string line = c.at == a ? "a:" : "b:";
                for (const auto& word : words.elements)
                    line += " " + word.text;
                lines.push_back(std::move(line));
            }
        }
        return lines;
    }
    void subscribe(std::vector<std::string> channels, const std::string& who = "w") {
        subscriptions_waiter refused;
        subject_.subscribe(
            std::move(channels), [this, who](result<>) { done_.push_back(who); }, refused);
        EXPECT_FALSE(refused);
    }
    bool says(const node_address& node, std::string what, std::string channel) {
        reply r{.type = reply::kind::array};
        for (auto& text : {what, channel})
            r.elements.push_back({.type = reply::kind::text, .text = text});
        r.elements.push_back({.type = reply::kind::integer, .integer = 1});
        return subject_.on_reply(node, r, now_);
    }
    bool confirms(const node_address& node, std::string channel) {
        return says(node, "ssubscribe", std::move(channel));
    }
    bool ends(const node_address& node, std::string channel) {
        return says(node, "sunsubscribe", std::move(channel));
    }
    bool refuses(const node_address& node, std::string text) {
        return subject_.on_reply(node, {.type = reply::kind::error, .text = std::move(text)}, now_);
    }
    static std::string moved(const std::string& tag, const std::string& to) {
        return "MOVED " + std::to_string(slot_of(tag)) + " " + to;
    }
    std::vector<std::string> due() {
        for (auto& w : subject_.take_due())
            w({});
        return std::exchange(done_, {});
    }
    /// Both are up, and these are in force.
    void in_force(std::vector<std::string> at_a, std::vector<std::string> at_b) {
        subject_.on_up(a);
        subject_.on_up(b);
        auto all = at_a;
        all.insert(all.end(), at_b.begin(), at_b.end());
        subscribe(all);
        sent();
        std::ranges::stable_sort(at_a, {}, slot_of);  // as they were asked for
        for (const auto& channel : at_a)
            ASSERT_TRUE(confirms(a, channel));
        for (const auto& channel : at_b)
            ASSERT_TRUE(confirms(b, channel));
        EXPECT_THAT(due(), ElementsAre("w"));
        (void)subject_.take_doubt();
    }

    using subscriptions_waiter = shard_subscriptions::waiter;
    shard_subscriptions subject_{backoff(10ms, 10ms)};
    time_point now_ = time_point() + 1h;
    std::vector<std::string> done_;
};

TEST_F(RedisShardSubscriptions, AsksEachNodeForItsSlotsChannels) {
    subscribe({"{1}x", "{2}x", "{1}y", "{3}x"});
    EXPECT_THAT(sent(), IsEmpty()) << "nobody is there yet";
    subject_.on_up(a);
    EXPECT_THAT(sent(), UnorderedElementsAre("a: SSUBSCRIBE {1}x {1}y", "a: SSUBSCRIBE {3}x"));
    subject_.on_up(b);
    EXPECT_THAT(sent(), ElementsAre("b: SSUBSCRIBE {2}x"));
    EXPECT_THAT(due(), IsEmpty());
    EXPECT_FALSE(subject_.is_whole());
}

TEST_F(RedisShardSubscriptions, AWaiterIsDueWhenAllNodesHaveConfirmed) {
    subject_.on_up(a);
    subject_.on_up(b);
    subscribe({"{1}x", "{2}x"}, "first");
    subscribe({"{1}x"}, "second");
    subscribe({"{1}y"}, "third");
    sent();
    EXPECT_TRUE(confirms(a, "{1}x"));
    EXPECT_THAT(due(), IsEmpty());
    EXPECT_TRUE(confirms(b, "{2}x"));
    EXPECT_THAT(due(), ElementsAre("first", "second"));
    EXPECT_TRUE(confirms(a, "{1}y"));
    EXPECT_THAT(due(), ElementsAre("third"));
    EXPECT_TRUE(subject_.is_whole());
    EXPECT_FALSE(subject_.take_lost());
    EXPECT_FALSE(subject_.take_restored());
}

TEST_F(RedisShardSubscriptions, ManyChannelsOfASlotGoInBatches) {
    subject_.on_up(a);
    std::vector<std::string> many;
    for (int i = 0; i < 1201; ++i)
        many.push_back("{1}" + std::to_string(i));
    subscribe(many);
    EXPECT_EQ(sent().size(), 3U);
    for (const auto& channel : many)
        EXPECT_TRUE(confirms(a, channel));
    EXPECT_THAT(due(), ElementsAre("w"));
}

TEST_F(RedisShardSubscriptions, LeavingIsWaitedForToo) {
    in_force({"{1}x"}, {});
    subject_.unsubscribe({"{1}x", "never asked for"});
    EXPECT_THAT(sent(), ElementsAre("a: SUNSUBSCRIBE {1}x"));
    subscribe({}, "after");
    EXPECT_THAT(due(), IsEmpty());
    EXPECT_TRUE(ends(a, "{1}x"));
    EXPECT_THAT(due(), ElementsAre("after"));
    EXPECT_FALSE(subject_.take_lost());
    EXPECT_FALSE(subject_.holds(a));
}

TEST_F(RedisShardSubscriptions, AChannelWantedAgainWhileItLeavesComesBack) {
    in_force({"{1}x"}, {});
    subject_.unsubscribe({"{1}x"});
    EXPECT_THAT(sent(), ElementsAre("a: SUNSUBSCRIBE {1}x"));
    subscribe({"{1}x"}, "again");
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_TRUE(ends(a, "{1}x"));
    EXPECT_THAT(sent(), ElementsAre("a: SSUBSCRIBE {1}x"));
    EXPECT_THAT(due(), IsEmpty());
    EXPECT_TRUE(confirms(a, "{1}x"));
    EXPECT_THAT(due(), ElementsAre("again"));
}

TEST_F(RedisShardSubscriptions, UnwantedBeforeItIsConfirmed) {
    subject_.on_up(a);
    subscribe({"{1}x"});
    EXPECT_THAT(sent(), ElementsAre("a: SSUBSCRIBE {1}x"));
    subject_.unsubscribe({"{1}x"});
    EXPECT_THAT(sent(), ElementsAre("a: SUNSUBSCRIBE {1}x"));
    EXPECT_TRUE(confirms(a, "{1}x"));
    EXPECT_TRUE(ends(a, "{1}x"));
    EXPECT_THAT(due(), ElementsAre("w"));
    EXPECT_FALSE(subject_.take_lost());
}

TEST_F(RedisShardSubscriptions, ANodeThatLosesTheSlotIsFollowedWhenItIsKnownWhoHasIt) {
    in_force({"{1}x", "{3}x"}, {"{2}x"});
    EXPECT_TRUE(ends(a, "{1}x"));
    EXPECT_TRUE(subject_.take_lost());
    EXPECT_FALSE(subject_.take_restored());
    EXPECT_FALSE(subject_.is_whole());
    EXPECT_TRUE(subject_.take_doubt());
    EXPECT_THAT(sent(), ElementsAre("a: SSUBSCRIBE {1}x")) << "the map knows no other";
    EXPECT_TRUE(refuses(a, moved("1", "10.0.0.2:2")));
    EXPECT_THAT(sent(), ElementsAre("b: SSUBSCRIBE {1}x"));
    EXPECT_TRUE(confirms(b, "{1}x"));
    EXPECT_TRUE(subject_.take_restored());
    EXPECT_FALSE(subject_.take_restored()) << "once";
    EXPECT_TRUE(subject_.is_whole());
}

// A map from a node that has not heard the news would have what is well taken away.
TEST_F(RedisShardSubscriptions, AMapAloneMovesNothing) {
    in_force({"{1}x"}, {"{2}x"});
    subject_.use(map_of(b, a));
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_FALSE(subject_.take_lost());
    EXPECT_TRUE(ends(a, "{1}x"));
    EXPECT_THAT(sent(), ElementsAre("b: SSUBSCRIBE {1}x"));
}

TEST_F(RedisShardSubscriptions, ALostNodesChannelsWaitForItOrForAnotherMaster) {
    in_force({"{1}x"}, {"{2}x"});
    subject_.on_down(b);
    EXPECT_TRUE(subject_.take_lost());
    EXPECT_TRUE(subject_.take_doubt());
    EXPECT_THAT(sent(), IsEmpty());
    subscribe({"{1}y"}, "while away");
    EXPECT_THAT(sent(), ElementsAre("a: SSUBSCRIBE {1}y"));
    EXPECT_TRUE(confirms(a, "{1}y"));
    EXPECT_THAT(due(), IsEmpty()) << "not all is in force";
    subject_.use(map_of(a, a));
    EXPECT_THAT(sent(), ElementsAre("a: SSUBSCRIBE {2}x"));
    EXPECT_TRUE(confirms(a, "{2}x"));
    EXPECT_THAT(due(), ElementsAre("while away"));
    EXPECT_TRUE(subject_.take_restored());
}

TEST_F(RedisShardSubscriptions, AfterAReconnectEverythingIsAskedForAgain) {
    in_force({"{1}x", "{1}y"}, {});
    subject_.unsubscribe({"{1}y"});
    sent();
    subject_.on_down(a);
    EXPECT_THAT(sent(), IsEmpty());
    subject_.on_up(a);
    EXPECT_THAT(sent(), ElementsAre("a: SSUBSCRIBE {1}x")) << "y was on its way out";
    EXPECT_TRUE(confirms(a, "{1}x"));
    EXPECT_TRUE(subject_.take_restored());
}

// The node's own end of a channel crosses the SUNSUBSCRIBE, which it then refuses.
TEST_F(RedisShardSubscriptions, ALeaveThatMeetsTheSlotsMoveIsAnsweredOnce) {
    in_force({"{1}x", "{3}x"}, {});
    subject_.unsubscribe({"{1}x"});
    subscribe({"{3}y"}, "other");
    EXPECT_THAT(sent(), ElementsAre("a: SUNSUBSCRIBE {1}x", "a: SSUBSCRIBE {3}y"));
    EXPECT_TRUE(ends(a, "{1}x"));
    EXPECT_TRUE(refuses(a, moved("1", "10.0.0.2:2"))) << "of the SUNSUBSCRIBE; not 3's";
    EXPECT_TRUE(confirms(a, "{3}y"));
    EXPECT_THAT(due(), ElementsAre("other"));
    EXPECT_THAT(sent(), IsEmpty());
}

TEST_F(RedisShardSubscriptions, NotNowIsTriedAgainLaterAndHoldsNobodyElseUp) {
    subject_.on_up(a);
    subscribe({"{1}x", "{3}x"});
    sent();
    // In the order of the slots.
    const bool first_is_1 = slot_of("1") < slot_of("3");
    const std::string down = first_is_1 ? "{1}x" : "{3}x";
    const std::string fine = first_is_1 ? "{3}x" : "{1}x";
    EXPECT_TRUE(refuses(a, "CLUSTERDOWN Hash slot not served"));
    EXPECT_TRUE(confirms(a, fine));
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_EQ(subject_.next_attempt(), now_ + 10ms);
    now_ += 10ms;
    EXPECT_THAT(sent(), ElementsAre("a: SSUBSCRIBE " + down));
    EXPECT_EQ(subject_.next_attempt(), std::nullopt);
    EXPECT_TRUE(confirms(a, down));
    EXPECT_THAT(due(), ElementsAre("w"));
}

TEST_F(RedisShardSubscriptions, NodesThatDisagreeAreFollowedABoundedNumberOfTimes) {
    subject_.on_up(a);
    subject_.on_up(b);
    subscribe({"{1}x"});
    EXPECT_THAT(sent(), ElementsAre("a: SSUBSCRIBE {1}x"));
    for (int i = 0; i < 5; ++i) {
        const bool at_a = i % 2 == 0;
        EXPECT_TRUE(refuses(at_a ? a : b, moved("1", at_a ? "10.0.0.2:2" : "10.0.0.1:1")));
        EXPECT_THAT(sent(), ElementsAre(at_a ? "b: SSUBSCRIBE {1}x" : "a: SSUBSCRIBE {1}x"));
    }
    EXPECT_TRUE(refuses(b, moved("1", "10.0.0.1:1")));
    EXPECT_THAT(sent(), IsEmpty()) << "a pause";
    EXPECT_TRUE(subject_.next_attempt().has_value());
}

TEST_F(RedisShardSubscriptions, WhatMakesNoSenseIsSaidSo) {
    in_force({"{1}x"}, {});
    EXPECT_FALSE(confirms(a, "{1}x")) << "nothing was asked";
    EXPECT_FALSE(refuses(a, "NOPERM no"));
    EXPECT_FALSE(says(a, "subscribe", "{1}x"));
    EXPECT_FALSE(subject_.on_reply(a, {.type = reply::kind::integer}, now_));
}

TEST_F(RedisShardSubscriptions, EndsItsWaiters) {
    subscribe({"{1}x"}, "one");
    subscribe({}, "two");
    EXPECT_EQ(subject_.take_all().size(), 2U);
    EXPECT_THAT(subject_.take_due(), IsEmpty());
}

}  // namespace
}  // namespace chat_gateway::redis
