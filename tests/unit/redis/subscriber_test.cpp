#include "subscriber.hpp"

#include "fake_redis.hpp"
#include "support/run_until.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>

namespace chat_gateway::redis {
namespace {

using ::testing::ElementsAre;
using tests::run_dry;
using tests::run_until;
using namespace std::chrono_literals;
using words = fake_redis::command;

std::string confirmations(const words& command) {
    std::string kind = command.front();
    for (auto& c : kind)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    std::string bytes;
    for (std::size_t i = 1; i < command.size(); ++i)
        bytes += "*3\r\n$" + std::to_string(kind.size()) + "\r\n" + kind + "\r\n$" +
                 std::to_string(command[i].size()) + "\r\n" + command[i] + "\r\n:1\r\n";
    return bytes;
}

class RedisSubscriber : public ::testing::Test {
protected:
    void SetUp() override {
        server_.answer = [](const words& c) {
            return c.front() == "PING" ? std::string("+PONG\r\n") : confirmations(c);
        };
    }
    void TearDown() override {
        if (subject_) subject_->stop();
        server_.close();
        run_dry(loop_);
    }
    void start(subscriber_options o = {}) {
        o.link.retry = backoff(1ms, 1ms);
        subject_ = std::make_shared<subscriber>(loop_, always(server_.where()), std::move(o));
        subject_->start(
            [this](std::span<const published> batch) {
                events_.push_back("batch of " + std::to_string(batch.size()));
                for (const auto& p : batch)
                    events_.push_back(std::string(p.channel) + "=" + std::string(p.payload));
            },
            [this] { ++gaps_; });
    }
    void subscribe(std::vector<std::string> channels, const std::string& who) {
        subject_->subscribe(std::move(channels), [this, who](result<> r) {
            events_.push_back(who + ": " + (r ? "done" : r.error().message()));
        });
    }
    void wait_for_events(std::size_t n) {
        run_until(loop_, [&] { return events_.size() >= n; });
    }

    boost::asio::io_context loop_;
    fake_redis server_{loop_};
    std::shared_ptr<subscriber> subject_;
    std::vector<std::string> events_;
    int gaps_ = 0;
};

TEST_F(RedisSubscriber, OneReadIsOneBatchWaitersFirst) {
    server_.answer = [](const words& c) -> std::string {
        if (c.front() == "PING") return "+PONG\r\n";
        return "*3\r\n$7\r\nmessage\r\n$1\r\nz\r\n$1\r\n0\r\n" + confirmations(c) +
               "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n"
               "*4\r\n$8\r\npmessage\r\n$2\r\na*\r\n$2\r\nab\r\n$1\r\n2\r\n";
    };
    start();
    subscribe({"a"}, "w");
    wait_for_events(5);
    EXPECT_THAT(events_, ElementsAre("w: done", "batch of 3", "z=0", "a=1", "ab=2"));
}

TEST_F(RedisSubscriber, AfterALossEverythingIsAskedForAgain) {
    start();
    subscribe({"a"}, "first");
    wait_for_events(1);
    EXPECT_TRUE(subject_->is_up());
    EXPECT_EQ(gaps_, 0) << "nothing was missed yet";
    server_.drop_all();
    run_until(loop_, [&] { return !subject_->is_up(); });
    EXPECT_EQ(gaps_, 1) << "the loss";
    subscribe({"a"}, "while away");
    EXPECT_EQ(events_.size(), 1U);
    wait_for_events(2);
    EXPECT_EQ(events_.back(), "while away: done");
    EXPECT_THAT(server_.received, ElementsAre(words{"PING"}, words{"SUBSCRIBE", "a"}, words{"PING"},
                                              words{"SUBSCRIBE", "a"}));
    EXPECT_EQ(subject_->reconnects(), 1U);
    EXPECT_EQ(gaps_, 2) << "all subscriptions are in force again";
}

TEST_F(RedisSubscriber, AHalfDeadConnectionIsNoticed) {
    // Greetings are answered, however many it takes on a slow machine; the first sign of life is
    // not.
    bool silent = false;
    server_.answer = [&](const words& c) -> std::string {
        if (c.front() != "PING") return confirmations(c);
        if (silent || !subject_ || !subject_->is_up()) return "+PONG\r\n";
        silent = true;
        return "";
    };
    subscriber_options o;
    o.ping_interval = 20ms;
    start(o);
    run_until(loop_, [&] { return subject_->reconnects() == 1; });
    EXPECT_TRUE(silent);
}

TEST_F(RedisSubscriber, SignsOfLifeKeepItUp) {
    int pings = 0;
    server_.answer = [&](const words& c) -> std::string {
        if (c.front() != "PING") return confirmations(c);
        return ++pings == 1 ? "+PONG\r\n" : "*2\r\n$4\r\npong\r\n$0\r\n\r\n";
    };
    subscriber_options o;
    o.ping_interval = 100ms;
    start(o);
    subscribe({"a"}, "w");
    run_until(loop_, [&] { return pings == 5; });
    EXPECT_EQ(server_.connections, 1U);
    EXPECT_TRUE(subject_->is_up());
}

TEST_F(RedisSubscriber, PausedItReadsNothingAndIsNoReasonToReconnect) {
    subscriber_options o;
    o.ping_interval = 5ms;
    start(o);
    subscribe({"a"}, "w");
    wait_for_events(1);
    subject_->pause(true);
    const std::string said = "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n";
    server_.say(said);
    wait_for_events(3);  // the read that was under way
    server_.say(said);
    boost::asio::steady_timer several_pings(loop_, 50ms);
    bool over = false;
    several_pings.async_wait([&](auto) { over = true; });
    run_until(loop_, [&] { return over; });
    EXPECT_EQ(events_.size(), 3U);
    subject_->pause(false);
    wait_for_events(5);
    EXPECT_THAT(events_, ElementsAre("w: done", "batch of 1", "a=1", "batch of 1", "a=1"));
    EXPECT_EQ(subject_->reconnects(), 0U);
}

TEST_F(RedisSubscriber, LostWhilePausedItNoticesWhenItGoesOn) {
    start();
    subscribe({"a"}, "w");
    wait_for_events(1);
    subject_->pause(true);
    server_.say("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n");
    wait_for_events(3);
    server_.drop_all();
    subject_->pause(false);
    run_until(loop_, [&] { return subject_->reconnects() == 1; });
    run_until(loop_, [&] { return gaps_ == 2; });
    EXPECT_EQ(gaps_, 2) << "lost, and there again";
}

TEST_F(RedisSubscriber, MayBeStoppedWhilePaused) {
    start();
    subscribe({"a"}, "w");
    wait_for_events(1);
    subject_->pause(true);
    server_.say("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n");
    wait_for_events(3);
    subject_->stop();
    std::weak_ptr<subscriber> watched = subject_;
    subject_.reset();
    server_.close();
    run_dry(loop_);
    EXPECT_TRUE(watched.expired());
}

TEST_F(RedisSubscriber, ARefusedSubscribeRemakesTheConnection) {
    int refusals = 0;
    server_.answer = [&](const words& c) -> std::string {
        if (c.front() == "PING") return "+PONG\r\n";
        if (refusals++ == 0) return "-NOPERM no such channel for you\r\n";
        return confirmations(c);
    };
    start();
    subscribe({"a"}, "w");
    wait_for_events(1);
    EXPECT_THAT(events_, ElementsAre("w: done"));
    EXPECT_EQ(server_.connections, 2U);
}

TEST_F(RedisSubscriber, MessagesBeforeAnErrorAreDelivered) {
    bool once = false;
    server_.answer = [&](const words& c) -> std::string {
        if (c.front() == "PING") return "+PONG\r\n";
        if (std::exchange(once, true)) return confirmations(c);
        return "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n-ERR broken\r\n";
    };
    start();
    subscribe({"a"}, "w");
    wait_for_events(3);
    EXPECT_THAT(events_, ElementsAre("batch of 1", "a=1", "w: done"));
}

TEST_F(RedisSubscriber, WhatIsNoPushRemakesTheConnection) {
    for (const std::string bytes : {":1\r\n", "*0\r\n", "*1\r\n$7\r\nmessage\r\n",
                                    "*3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n"}) {
        start();
        subscribe({"a"}, "w");
        wait_for_events(1);
        const auto before = server_.connections;
        server_.say(bytes);
        run_until(loop_, [&] { return server_.connections == before + 1; });
        subject_->stop();
        events_.clear();
    }
}

TEST_F(RedisSubscriber, StoppingTellsWaiters) {
    server_.answer = [](const words& c) { return c.front() == "PING" ? "+PONG\r\n" : ""; };
    start();
    subscribe({"a"}, "w");
    run_until(loop_, [&] { return server_.received.size() == 2; });
    subject_->stop();
    EXPECT_TRUE(events_.empty());
    wait_for_events(1);
    EXPECT_THAT(events_, ElementsAre("w: closed"));
}

TEST_F(RedisSubscriber, AWaiterMayStopIt) {
    server_.answer = [](const words& c) -> std::string {
        if (c.front() == "PING") return "+PONG\r\n";
        return confirmations(c) + "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n";
    };
    start();
    subject_->subscribe({"a"}, [&](result<>) {
        subject_->stop();
        subject_.reset();
    });
    run_until(loop_, [&] { return subject_ == nullptr; });
    EXPECT_TRUE(events_.empty());
}

}  // namespace
}  // namespace chat_gateway::redis
