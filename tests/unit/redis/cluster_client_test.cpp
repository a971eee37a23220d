#include "cluster_client.hpp"

#include "fake_cluster.hpp"
#include "support/run_until.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chat_gateway::redis {
namespace {

using ::testing::ElementsAre;
using tests::run_dry;
using tests::run_until;
using namespace std::chrono_literals;
using words = fake_redis::command;

class RedisClusterClient : public ::testing::Test {
protected:
    void start(cluster_options o = {}) {
        connection_options c;
        c.link.retry = backoff(1ms, 1ms);
        c.command_timeout = 500ms;
        auto nodes = std::make_shared<cluster_nodes>(loop_, url(), c);
        topology_options t;
        t.retry = backoff(1ms, 5ms);
        auto topology = std::make_shared<cluster_topology>(
            loop_,
            std::vector{node_address{"127.0.0.1", static_cast<std::uint16_t>(cluster_.ports[0])}},
            nodes, t);
        o.home = key(1);
        subject_ = std::make_shared<cluster_client>(loop_, topology, nodes, std::move(o));
        subject_->start();
        topology->start();
    }
    void TearDown() override {
        if (subject_) subject_->stop();
        cluster_.close();
        run_dry(loop_);
    }
    /// Of a slot that node `i` has.
    static std::string key(std::size_t i) {
        for (int n = 0;; ++n) {
            auto name = "k" + std::to_string(n);
            const auto slot = slot_of(name);
            if (slot * 3 / slot_count == i && slot % 5461 > 10) return name;
        }
    }
    void ask(const std::string& k, std::initializer_list<std::string_view> command) {
        subject_->execute_at(k, command, [this](result<reply> r) {
            answers_.push_back(r ? r->text : r.error().message());
        });
    }
    void wait_for_answers(std::size_t n) {
        run_until(loop_, [&] { return answers_.size() >= n; });
    }
    /// What node `i` has been sent, but for greetings and questions for the map.
    std::vector<words> sent(std::size_t i) {
        std::vector<words> all;
        for (const auto& c : cluster_.nodes[i].received) {
            if (c.front() != "PING" && c.front() != "CLUSTER") all.push_back(c);
        }
        return all;
    }

    boost::asio::io_context loop_;
    fake_cluster cluster_{loop_};
    std::shared_ptr<cluster_client> subject_;
    std::vector<std::string> answers_;
};

TEST_F(RedisClusterClient, CommandsOfOneTurnArePipelinedToEachNode) {
    start();
    for (const auto* n : {"1", "2", "3"}) {
        ask(key(0), {"SET", key(0), n});
        ask(key(2), {"SET", key(2), n});
    }
    wait_for_answers(6);
    EXPECT_EQ(sent(0).size(), 3U);
    EXPECT_EQ(sent(2).size(), 3U);
    EXPECT_TRUE(sent(1).empty());
    EXPECT_EQ(cluster_.nodes[1].connections, 0U) << "nobody has asked it anything";
}

TEST_F(RedisClusterClient, AskingStandsRightBeforeItsCommand) {
    start();
    cluster_.other = [this](std::size_t i, const words& c) -> std::string {
        if (i == 0) return cluster_.to("ASK " + std::to_string(slot_of(key(0))), 2);
        return "+" + c.back() + "\r\n";
    };
    ask(key(0), {"SET", key(0), "1"});
    ask(key(0), {"SET", key(0), "2"});
    wait_for_answers(2);
    EXPECT_THAT(sent(2), ElementsAre(words{"ASKING"}, words{"SET", key(0), "1"}, words{"ASKING"},
                                     words{"SET", key(0), "2"}));
    EXPECT_THAT(answers_, ElementsAre("1", "2"));
}

TEST_F(RedisClusterClient, MovedIsFollowedAndTheMapAskedForAnew) {
    start();
    bool moved = true;
    cluster_.other = [&](std::size_t i, const words& c) -> std::string {
        if (i == 0 && moved) return cluster_.to("MOVED " + std::to_string(slot_of(key(0))), 1);
        return "+" + c.back() + "\r\n";
    };
    ask(key(0), {"GET", "x"});
    wait_for_answers(1);
    EXPECT_THAT(sent(1), ElementsAre(words{"GET", "x"}));
    const auto asked = cluster_.asked;
    run_until(loop_, [&] { return cluster_.asked != asked; });
}

TEST_F(RedisClusterClient, WhatIsPendingIsBounded) {
    cluster_options o;
    o.max_pending = 2;
    start(o);
    for (const auto* n : {"1", "2", "3"})
        ask(key(0), {"ECHO", n});
    wait_for_answers(3);
    EXPECT_THAT(answers_, ElementsAre(make_error_code(errc::overloaded).message(), "1", "2"));
    ask(key(0), {"ECHO", "4"});
    wait_for_answers(4);
    EXPECT_EQ(answers_.back(), "4");
}

TEST_F(RedisClusterClient, BytesOfWhatIsPendingAreBounded) {
    cluster_options o;
    o.max_bytes = 1000;
    start(o);
    ask(key(0), {"ECHO", std::string(1000, 'x')});
    ask(key(0), {"ECHO", "1"});
    wait_for_answers(2);
    EXPECT_THAT(answers_, ElementsAre(make_error_code(errc::overloaded).message(), "1"));
}

TEST_F(RedisClusterClient, ANodeThatDoesNotAnswerIsATimeout) {
    start();
    cluster_.other = [](std::size_t, const words&) { return std::string(); };
    ask(key(0), {"GET", "x"});
    wait_for_answers(1);
    EXPECT_THAT(answers_, ElementsAre(make_error_code(errc::timeout).message()));
}

TEST_F(RedisClusterClient, StoppedItAnswersEverything) {
    start();
    ask(key(0), {"GET", "x"});
    subject_->stop();
    ask(key(0), {"GET", "y"});
    bool gathered = false;
    subject_->execute_on_masters({"PING"},
                                 [&](auto r) { gathered = !r && r.error() == errc::closed; });
    wait_for_answers(2);
    run_until(loop_, [&] { return gathered; });
    const auto closed = make_error_code(errc::closed).message();
    EXPECT_THAT(answers_, ElementsAre(closed, closed));
}

TEST_F(RedisClusterClient, AMasterThatIsAwayIsLeftOutOfWhatAllAreAsked) {
    start();
    cluster_.other = [](std::size_t, const words&) { return std::string(":1\r\n"); };
    ask(key(0), {"GET", "x"});
    ask(key(1), {"GET", "x"});
    ask(key(2), {"GET", "x"});
    wait_for_answers(3);
    cluster_.nodes[1].close();
    while (answers_.back() != make_error_code(errc::unavailable).message()) {
        ask(key(1), {"GET", "x"});
        wait_for_answers(answers_.size() + 1);
    }
    std::size_t answered = 0;
    subject_->execute_on_masters({"PUBSUB", "NUMSUB", "c"},
                                 [&](auto r) { answered = r ? r->size() : 99; });
    run_until(loop_, [&] { return answered != 0; });
    EXPECT_EQ(answered, 2U);
}

TEST_F(RedisClusterClient, AnotherOneHasConnectionsOfItsOwnAndTheSameMap) {
    start();
    ask(key(0), {"GET", "x"});
    wait_for_answers(1);
    const auto another = subject_->make_another("blocking", 100ms);
    const auto connections = cluster_.nodes[0].connections;
    std::string answer;
    another->execute_at(key(0), {"ECHO", "y"}, [&](result<reply> r) { answer = r->text; });
    run_until(loop_, [&] { return !answer.empty(); });
    EXPECT_EQ(cluster_.nodes[0].connections, connections + 1);
    another->stop();
    ask(key(0), {"ECHO", "still there"});
    wait_for_answers(2);
    EXPECT_EQ(answers_.back(), "still there");
}

}  // namespace
}  // namespace chat_gateway::redis
