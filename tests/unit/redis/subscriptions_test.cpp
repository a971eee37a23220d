#include "subscriptions.hpp"

#include "reply.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace chat_gateway::redis {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class RedisSubscriptions : public ::testing::Test {
protected:
    using words = std::vector<std::string>;

    static std::vector<words> commands(const std::string& bytes) {
        std::vector<reply> parsed;
        EXPECT_TRUE(reply_reader().feed(bytes, parsed).has_value());
        std::vector<words> all;
        for (const auto& command : parsed) {
            auto& one = all.emplace_back();
            for (const auto& word : command.elements)
                one.push_back(word.text);
        }
        return all;
    }
    std::vector<words> subscribe(std::vector<std::string> channels, std::string who = "w") {
        subscriptions::waiter refused;
        auto sent = subject_.subscribe(
            std::move(channels), [this, who](result<>) { done_.push_back(who); }, refused);
        EXPECT_FALSE(refused);
        return commands(sent);
    }
    void confirm(int times) {
        for (int i = 0; i < times; ++i)
            EXPECT_TRUE(subject_.on_confirmed());
    }
    /// Who is due now.
    std::vector<std::string> due() {
        for (auto& w : subject_.take_due())
            w({});
        return std::exchange(done_, {});
    }

    subscriptions subject_{""};
    std::vector<std::string> done_;
};

TEST_F(RedisSubscriptions, AWaiterIsDueWhenEachOfItsChannelsIsConfirmed) {
    EXPECT_EQ(subject_.on_connected(), "");
    EXPECT_THAT(subscribe({"a", "b"}), ElementsAre(words{"SUBSCRIBE", "a", "b"}));
    EXPECT_THAT(due(), ElementsAre());
    confirm(1);
    EXPECT_THAT(due(), ElementsAre());
    confirm(1);
    EXPECT_THAT(due(), ElementsAre("w"));
    EXPECT_THAT(due(), ElementsAre());
}

TEST_F(RedisSubscriptions, AConfirmationOfAnEarlierCommandIsNotTheLaterOnes) {
    subject_.on_connected();
    subscribe({"a"}, "first");
    EXPECT_THAT(commands(subject_.unsubscribe({"a"})), ElementsAre(words{"UNSUBSCRIBE", "a"}));
    EXPECT_THAT(subscribe({"a"}, "second"), ElementsAre(words{"SUBSCRIBE", "a"}));
    confirm(1);
    EXPECT_THAT(due(), ElementsAre("first"));
    confirm(1);
    EXPECT_THAT(due(), ElementsAre());
    confirm(1);
    EXPECT_THAT(due(), ElementsAre("second"));
}

TEST_F(RedisSubscriptions, KnownChannelsAreNotAskedForAgainButWaitedFor) {
    subject_.on_connected();
    subscribe({"a", "a"}, "first");
    EXPECT_THAT(subscribe({"a"}, "second"), ElementsAre());
    EXPECT_THAT(due(), ElementsAre());
    confirm(1);
    EXPECT_THAT(due(), ElementsAre("first", "second"));
    EXPECT_THAT(subscribe({"a"}, "third"), ElementsAre());
    EXPECT_THAT(due(), ElementsAre("third"));
}

TEST_F(RedisSubscriptions, WhatIsAskedForWhileAwayIsSentOnConnecting) {
    EXPECT_THAT(subscribe({"a", "b"}), ElementsAre());
    EXPECT_EQ(subject_.unsubscribe({"b", "unknown"}), "");
    EXPECT_THAT(due(), ElementsAre());
    EXPECT_THAT(commands(subject_.on_connected()), ElementsAre(words{"SUBSCRIBE", "a"}));
    EXPECT_THAT(due(), ElementsAre());
    confirm(1);
    EXPECT_THAT(due(), ElementsAre("w"));
}

TEST_F(RedisSubscriptions, ALostConnectionsConfirmationsDoNotCount) {
    subject_.on_connected();
    subscribe({"a", "b", "c"});
    confirm(2);
    subject_.on_disconnected();
    EXPECT_THAT(due(), ElementsAre());
    const auto again = commands(subject_.on_connected());
    ASSERT_EQ(again.size(), 1U);
    EXPECT_THAT(again[0], UnorderedElementsAre("SUBSCRIBE", "a", "b", "c"));
    confirm(2);
    EXPECT_THAT(due(), ElementsAre());
    confirm(1);
    EXPECT_THAT(due(), ElementsAre("w"));
}

TEST_F(RedisSubscriptions, ConfirmedBeforeTheLossIsWaitedForAgain) {
    subject_.on_connected();
    subscribe({"a"});
    confirm(1);
    EXPECT_THAT(due(), ElementsAre("w"));
    subject_.on_disconnected();
    subscribe({"a"}, "while away");
    EXPECT_THAT(due(), ElementsAre());
    subject_.on_connected();
    EXPECT_THAT(due(), ElementsAre());
    confirm(1);
    EXPECT_THAT(due(), ElementsAre("while away"));
}

TEST_F(RedisSubscriptions, CommandsCarryAtMostFiveHundredChannels) {
    std::vector<std::string> channels;
    for (int i = 0; i < 1201; ++i)
        channels.push_back("c" + std::to_string(i));
    subscribe(channels);
    const auto sent = commands(subject_.on_connected());
    ASSERT_EQ(sent.size(), 3U);
    EXPECT_EQ(sent[0].size(), 501U);
    EXPECT_EQ(sent[1].size(), 501U);
    EXPECT_EQ(sent[2].size(), 202U);
    confirm(1200);
    EXPECT_THAT(due(), ElementsAre());
    confirm(1);
    EXPECT_THAT(due(), ElementsAre("w"));
    const auto left = commands(subject_.unsubscribe(channels));
    ASSERT_EQ(left.size(), 3U);
    EXPECT_EQ(left[0][0], "UNSUBSCRIBE");
    EXPECT_EQ(left[0].size(), 501U);
}

TEST_F(RedisSubscriptions, OnlyWantedChannelsAreUnsubscribed) {
    subject_.on_connected();
    subscribe({"a"});
    EXPECT_EQ(subject_.unsubscribe({"b"}), "");
    EXPECT_THAT(commands(subject_.unsubscribe({"a", "a"})), ElementsAre(words{"UNSUBSCRIBE", "a"}));
}

TEST_F(RedisSubscriptions, AConfirmationOfNothingIsNoticed) {
    subject_.on_connected();
    EXPECT_FALSE(subject_.on_confirmed());
}

TEST_F(RedisSubscriptions, ThePatternComesFirstAndIsWaitedFor) {
    subject_ = subscriptions("p*");
    EXPECT_THAT(subscribe({}), ElementsAre());
    EXPECT_THAT(commands(subject_.on_connected()), ElementsAre(words{"PSUBSCRIBE", "p*"}));
    EXPECT_THAT(due(), ElementsAre());
    confirm(1);
    EXPECT_THAT(due(), ElementsAre("w"));
}

TEST_F(RedisSubscriptions, TooManyWaitersAreGivenBack) {
    subscriptions::waiter refused;
    for (std::size_t i = 0; i < subscriptions::max_waiting; ++i) {
        subject_.subscribe(
            {}, [](result<>) {}, refused);
        ASSERT_FALSE(refused);
    }
    bool told = false;
    subject_.subscribe(
        {"a"}, [&](result<>) { told = true; }, refused);
    ASSERT_TRUE(refused);
    refused({});
    EXPECT_TRUE(told);
    EXPECT_THAT(commands(subject_.on_connected()), ElementsAre(words{"SUBSCRIBE", "a"}));
}

TEST_F(RedisSubscriptions, TakeAllEmptiesTheQueue) {
    subscribe({"a"}, "1");
    subscribe({"b"}, "2");
    for (auto& w : subject_.take_all())
        w(make_error_code(errc::closed));
    EXPECT_THAT(done_, ElementsAre("1", "2"));
    EXPECT_TRUE(subject_.take_all().empty());
}

TEST(RedisShardedSubscriptions, HaveCommandsOfTheirOwn) {
    subscriptions subject({}, true);
    subscriptions::waiter refused;
    EXPECT_EQ(subject.on_connected(), "");
    EXPECT_EQ(subject.subscribe(
                  {"a"}, [](result<>) {}, refused),
              make_command({"SSUBSCRIBE", "a"}));
    EXPECT_EQ(subject.unsubscribe({"a"}), make_command({"SUNSUBSCRIBE", "a"}));
    EXPECT_EQ(subject.subscribe(
                  {"b"}, [](result<>) {}, refused),
              make_command({"SSUBSCRIBE", "b"}));
    subject.on_disconnected();
    EXPECT_EQ(subject.on_connected(), make_command({"SSUBSCRIBE", "b"}));
}

}  // namespace
}  // namespace chat_gateway::redis
