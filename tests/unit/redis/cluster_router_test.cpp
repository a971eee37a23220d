#include "cluster_router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace chat_gateway::redis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

const node_address a{"10.0.0.1", 1};
const node_address b{"10.0.0.2", 2};
const node_address c{"10.0.0.3", 3};

/// Slots 0 to 99 at a, 100 to 199 at b, 200 to 299 at c; nobody has the rest.
slot_map the_map() {
    slot_map map;
    for (unsigned slot = 0; slot < 300; ++slot)
        map.move(slot, slot < 100 ? a : slot < 200 ? b : c);
    return map;
}

class RedisClusterRouter : public ::testing::Test {
protected:
    /// What is done, a line for each step: `1>a` sends, `1>>a` asks, `1:text` ends.
    std::vector<std::string> lines(cluster_router::steps steps) {
        std::vector<std::string> all;
        for (auto& s : steps) {
            const auto& name = s.command->bytes;
            const std::string to = s.to == a ? "a" : s.to == b ? "b" : s.to == c ? "c" : s.to.host;
            switch (s.what) {
                case routing_step::kind::send:
                    all.push_back(name + ">" + to);
                    break;
                case routing_step::kind::send_asking:
                    all.push_back(name + ">>" + to);
                    break;
                case routing_step::kind::finish:
                    all.push_back(name + ":" +
                                  (s.outcome ? s.outcome->text : s.outcome.error().message()));
                    break;
            }
        }
        return all;
    }
    std::vector<std::string> submit(std::string name, unsigned slot, bool anywhere = false) {
        auto command = std::make_shared<cluster_command>();
        command->bytes = name;
        command->slot = slot;
        command->anywhere = anywhere;
        commands_[name] = command;
        return lines(subject_.submit(command, now_));
    }
    std::vector<std::string> answer(const std::string& name, const node_address& from,
                                    result<reply> r) {
        return lines(subject_.answered(commands_.at(name), from, std::move(r), now_));
    }
    std::vector<std::string> ok(const std::string& name, const node_address& from) {
        return answer(name, from, reply{.type = reply::kind::status, .text = "OK"});
    }
    std::vector<std::string> error(const std::string& name, const node_address& from,
                                   std::string text) {
        return answer(name, from, reply{.type = reply::kind::error, .text = std::move(text)});
    }
    void know() { subject_.use(the_map(), now_); }
    static std::string text(errc e) { return make_error_code(e).message(); }

    std::set<node_address> away_;
    cluster_router subject_{{.retry = backoff(10ms, 10ms)},
                            [this](const node_address& n) { return !away_.contains(n); }};
    std::map<std::string, command_ptr> commands_;
    time_point now_ = time_point() + 1h;
};

TEST_F(RedisClusterRouter, SendsToTheMasterOfTheSlot) {
    know();
    EXPECT_THAT(submit("1", 5), ElementsAre("1>a"));
    EXPECT_THAT(submit("2", 150), ElementsAre("2>b"));
    EXPECT_THAT(submit("3", 5), ElementsAre("3>a"));
    EXPECT_THAT(ok("1", a), ElementsAre("1:OK"));
    EXPECT_FALSE(subject_.take_doubt());
    EXPECT_EQ(subject_.next_wake(), std::nullopt);
}

TEST_F(RedisClusterRouter, WaitsForTheFirstMapInOrder) {
    EXPECT_THAT(submit("1", 5), IsEmpty());
    EXPECT_THAT(submit("2", 5), IsEmpty());
    EXPECT_EQ(subject_.next_wake(), now_ + 5s);
    EXPECT_THAT(lines(subject_.use(the_map(), now_)), ElementsAre("1>a", "2>a"));
}

TEST_F(RedisClusterRouter, WithoutAMapCommandsFailInTimeOrWhenNoneCanBeHad) {
    submit("1", 5);
    now_ += 5s;
    submit("2", 150);
    EXPECT_THAT(lines(subject_.wake(now_)), ElementsAre("1:" + text(errc::timeout)));
    EXPECT_THAT(lines(subject_.give_up()), ElementsAre("2:" + text(errc::unavailable)));
    EXPECT_THAT(submit("3", 5), ElementsAre("3:" + text(errc::unavailable)));
    EXPECT_TRUE(subject_.take_doubt());
    know();
    EXPECT_THAT(submit("4", 5), ElementsAre("4>a"));
}

TEST_F(RedisClusterRouter, ASlotThatNobodyHasIsUnavailable) {
    know();
    EXPECT_THAT(submit("1", 400), ElementsAre("1:" + text(errc::unavailable)));
    EXPECT_TRUE(subject_.take_doubt());
}

TEST_F(RedisClusterRouter, AnErrorOfAnotherKindIsAnAnswer) {
    know();
    submit("1", 5);
    EXPECT_THAT(error("1", a, "WRONGTYPE no"), ElementsAre("1:WRONGTYPE no"));
    EXPECT_FALSE(subject_.take_doubt());
}

TEST_F(RedisClusterRouter, WhatALostNodeHasGotIsNotSentAgain) {
    know();
    submit("1", 5);
    EXPECT_THAT(answer("1", a, make_error_code(errc::unavailable)),
                ElementsAre("1:" + text(errc::unavailable)));
    EXPECT_TRUE(subject_.take_doubt());
}

TEST_F(RedisClusterRouter, FollowsMovedAndRemembersIt) {
    know();
    submit("1", 5);
    EXPECT_THAT(error("1", a, "MOVED 5 10.0.0.2:2"), ElementsAre("1>b"));
    EXPECT_TRUE(subject_.take_doubt());
    EXPECT_THAT(submit("2", 5), ElementsAre("2>b"));
    EXPECT_THAT(submit("3", 6), ElementsAre("3>a")) << "one slot has moved, not its neighbours";
}

TEST_F(RedisClusterRouter, KeepsTheOrderOfASlotThatMoves) {
    know();
    submit("1", 5);
    submit("2", 5);
    submit("3", 5);
    EXPECT_THAT(ok("1", a), ElementsAre("1:OK"));
    EXPECT_THAT(error("2", a, "MOVED 5 10.0.0.2:2"), IsEmpty()) << "3 has no answer yet";
    EXPECT_THAT(submit("4", 5), IsEmpty());
    EXPECT_THAT(submit("5", 6), ElementsAre("5>a")) << "another slot does not wait";
    EXPECT_THAT(error("3", a, "MOVED 5 10.0.0.2:2"), ElementsAre("2>b", "3>b", "4>b"));
}

TEST_F(RedisClusterRouter, ANewMapDoesNotOvertakeWhatTheOldMasterHas) {
    know();
    submit("1", 5);
    auto map = the_map();
    map.move(5, c);
    EXPECT_THAT(lines(subject_.use(map, now_)), IsEmpty());
    EXPECT_THAT(submit("2", 5), IsEmpty());
    EXPECT_THAT(ok("1", a), ElementsAre("1:OK", "2>c"));
}

TEST_F(RedisClusterRouter, AsksForOneCommandOnly) {
    know();
    submit("1", 5);
    EXPECT_THAT(error("1", a, "ASK 5 10.0.0.2:2"), ElementsAre("1>>b"));
    EXPECT_FALSE(subject_.take_doubt());
    EXPECT_THAT(submit("2", 5), ElementsAre("2>a"));
    EXPECT_THAT(ok("1", b), ElementsAre("1:OK"));
    EXPECT_THAT(ok("2", a), ElementsAre("2:OK"));
}

TEST_F(RedisClusterRouter, NodesThatDisagreeAreAskedABoundedNumberOfTimes) {
    know();
    submit("1", 5);
    EXPECT_THAT(error("1", a, "MOVED 5 10.0.0.2:2"), ElementsAre("1>b"));
    for (int hop = 2; hop <= 5; ++hop) {
        const bool to_a = hop % 2 == 0;
        EXPECT_THAT(error("1", to_a ? b : a, to_a ? "MOVED 5 10.0.0.1:1" : "MOVED 5 10.0.0.2:2"),
                    IsEmpty())
            << "with a pause";
        now_ = subject_.next_wake().value();
        EXPECT_THAT(lines(subject_.wake(now_)), ElementsAre(to_a ? "1>a" : "1>b"));
    }
    EXPECT_THAT(error("1", b, "MOVED 5 10.0.0.1:1"), ElementsAre("1:MOVED 5 10.0.0.1:1"));
}

TEST_F(RedisClusterRouter, NotNowIsTriedAgainForAWhileAndThenTold) {
    know();
    submit("1", 5);
    const auto began = now_;
    int tries = 1;
    for (;;) {
        const auto done = error("1", a, "CLUSTERDOWN The cluster is down");
        EXPECT_TRUE(subject_.take_doubt());
        if (!done.empty()) {
            EXPECT_THAT(done, ElementsAre("1:CLUSTERDOWN The cluster is down"));
            break;
        }
        EXPECT_THAT(submit("later" + std::to_string(tries), 5), IsEmpty()) << "order";
        EXPECT_EQ(subject_.next_wake(), now_ + 10ms);
        EXPECT_THAT(lines(subject_.wake(now_)), IsEmpty()) << "not yet";
        now_ += 10ms;
        const auto sent = lines(subject_.wake(now_));
        ASSERT_FALSE(sent.empty());
        EXPECT_EQ(sent.front(), "1>a");
        for (std::size_t i = 1; i < sent.size(); ++i)
            ok(sent[i].substr(0, sent[i].find('>')), a);
        ++tries;
    }
    EXPECT_EQ(now_ - began, 1s);
    EXPECT_GE(tries, 50);
}

TEST_F(RedisClusterRouter, WithoutAKeyAnotherNodeWillDo) {
    know();
    EXPECT_THAT(submit("1", 150, true), ElementsAre("1>b"));
    EXPECT_THAT(ok("1", b), ElementsAre("1:OK"));
    away_ = {b};
    EXPECT_THAT(submit("2", 150, true), ElementsAre("2>c"));
    EXPECT_THAT(submit("3", 150), ElementsAre("3>b")) << "it has a key";
    away_.clear();
    EXPECT_THAT(submit("4", 150, true), IsEmpty()) << "2 is at another node, unanswered";
    EXPECT_THAT(ok("2", c), ElementsAre("2:OK", "4>b"));
}

TEST_F(RedisClusterRouter, EndsWhatWaits) {
    submit("1", 5);
    submit("2", 150);
    EXPECT_THAT(lines(subject_.take_waiting(errc::closed)),
                ElementsAre("1:" + text(errc::closed), "2:" + text(errc::closed)));
    EXPECT_EQ(subject_.next_wake(), std::nullopt);
}

}  // namespace
}  // namespace chat_gateway::redis
