#include "stream_tail.hpp"

#include "redis_backend.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::tests {
namespace {

class RedisStreamTail : public ::testing::Test {
protected:
    ~RedisStreamTail() override { tail_->stop(); }
    void start() {
        tail_->start({.entries =
                          [this](std::vector<redis::stream_entry> entries) {
                              for (auto& e : entries)
                                  read_.push_back(e.fields.at(1));
                          },
                      .gap = [this] { ++gaps_; },
                      .located = [this](redis::entry_id at) { located_.push_back(at); }});
        reading();
    }
    static redis::stream_tail::handlers nobody() {
        return {.entries = [](auto) {}, .gap = [] {}, .located = [](auto) {}};
    }
    void reading() {
        std::optional<result<>> answer;
        tail_->when_reading([&](result<> r) { answer = r; });
        backend_.run_until([&] { return answer.has_value(); });
        ASSERT_TRUE(answer && *answer);
    }
    std::string add(const std::string& value) {
        const auto r = backend_.ask(*commands_, {"XADD", "log", "*", "v", value});
        return r ? r->text : std::string();
    }
    /// How many of them Redis has answered.
    int xreads() {
        const auto r = backend_.ask(*commands_, {"INFO", "commandstats"});
        const std::string name = "cmdstat_xread:calls=";
        const auto at = r ? r->text.find(name) : std::string::npos;
        return at == std::string::npos ? 0 : std::stoi(r->text.substr(at + name.size()));
    }
    void expect_read(const std::vector<std::string>& values) {
        backend_.run_until([&] { return read_.size() >= values.size(); });
        EXPECT_EQ(read_, values);
    }

    explicit RedisStreamTail(std::vector<std::string> arguments = {"--appendonly", "yes",
                                                                   "--appendfsync", "always"})
        : backend_(std::move(arguments)) {}

    redis_backend backend_;
    std::shared_ptr<redis::connection> commands_ = backend_.connect();
    std::shared_ptr<redis::stream_tail> tail_ = std::make_shared<redis::stream_tail>(
        backend_.loop, *commands_, "log",
        redis::stream_tail::options{.block = std::chrono::milliseconds(200), .most = 10});
    std::vector<std::string> read_;
    std::vector<redis::entry_id> located_;
    int gaps_ = 0;
};

class RedisStreamTailOnSnapshots : public RedisStreamTail {
protected:
    RedisStreamTailOnSnapshots() : RedisStreamTail({}) {}
};

TEST_F(RedisStreamTail, ReadsWhatComesAfterItsStart) {
    add("before");
    start();
    add("1");
    add("2");
    expect_read({"1", "2"});
    EXPECT_EQ(gaps_, 0);
}

TEST_F(RedisStreamTail, MissesNothingBetweenTwoReadsOfAnEmptyStream) {
    start();
    while (xreads() < 3) {
    }
    add("1");
    expect_read({"1"});
}

TEST_F(RedisStreamTail, ReadsManyInOrder) {
    start();
    std::vector<std::string> values;
    for (int i = 0; i < 95; ++i) {
        values.push_back(std::to_string(i));
        commands_->execute({"XADD", "log", "*", "v", values.back()}, [](auto) {});
    }
    expect_read(values);
    EXPECT_EQ(gaps_, 0);
}

TEST_F(RedisStreamTail, WhatIsAddedWhilePausedComesLater) {
    start();
    tail_->pause(true);
    std::vector<std::string> values;
    for (int i = 0; i < 25; ++i) {
        values.push_back(std::to_string(i));
        add(values.back());
    }
    EXPECT_LE(read_.size(), 1U);  // the read that was under way
    tail_->pause(false);
    expect_read(values);
    EXPECT_EQ(gaps_, 0);
}

TEST_F(RedisStreamTail, ARestartOfRedisLosesNothingThatRedisKept) {
    start();
    add("1");
    expect_read({"1"});
    backend_.stop_server(*commands_);
    backend_.server.start();
    backend_.wait_until_back(*commands_);
    add("2");
    expect_read({"1", "2"});
    EXPECT_EQ(gaps_, 0);
    EXPECT_GE(tail_->reconnects(), 1U);
}

TEST_F(RedisStreamTail, WhatWasTrimmedUnreadIsAGap) {
    start();
    add("1");
    expect_read({"1"});
    tail_->pause(true);
    // The read under way ends with one entry at most.
    for (int i = 0; i < 20; ++i)
        add("lost");
    backend_.ask(*commands_, {"XTRIM", "log", "MAXLEN", "0"});
    add("last");
    tail_->pause(false);
    backend_.run_until([&] { return !read_.empty() && read_.back() == "last"; });
    EXPECT_EQ(gaps_, 1);
}

TEST_F(RedisStreamTail, AStreamThatIsGoneIsAGap) {
    start();
    add("1");
    expect_read({"1"});
    backend_.stop_server(*commands_);
    backend_.server.forget();
    backend_.server.start();
    backend_.wait_until_back(*commands_);
    backend_.run_until([&] { return gaps_ == 1; });
    reading();
    add("2");
    expect_read({"1", std::string(redis::loss_mark_value), "2"});
}

TEST_F(RedisStreamTail, TellsWhereItBegins) {
    const std::string id = add("before");
    start();
    ASSERT_EQ(located_.size(), 1U);
    EXPECT_EQ(located_.front().text(), id);
}

TEST_F(RedisStreamTail, BeginsBehindWhatIsTrimmedAway) {
    const std::string id = add("before");
    backend_.ask(*commands_, {"XTRIM", "log", "MAXLEN", "0"});
    start();
    EXPECT_EQ(located_.front().text(), id);
    backend_.stop_server(*commands_);
    backend_.server.start();
    backend_.wait_until_back(*commands_);
    add("1");
    expect_read({"1"});
    EXPECT_EQ(gaps_, 0);
}

// Other readers must not go over what is missing either, nor those that come later.
TEST_F(RedisStreamTailOnSnapshots, WhatRedisHasForgottenIsAGapAndGetsAMark) {
    start();
    const std::string kept = add("1");
    expect_read({"1"});
    backend_.ask(*commands_, {"SAVE"});
    add("2");
    expect_read({"1", "2"});
    backend_.stop_server(*commands_);
    backend_.server.start();
    backend_.wait_until_back(*commands_);
    reading();
    EXPECT_EQ(gaps_, 1);
    ASSERT_EQ(located_.size(), 2U);
    EXPECT_EQ(located_.back().text(), kept);
    add("3");
    expect_read({"1", "2", std::string(redis::loss_mark_value), "3"});
    EXPECT_EQ(gaps_, 1);
}

// Whoever writes does not wait until the readers are back.
TEST_F(RedisStreamTailOnSnapshots, WhatRedisHasForgottenIsNoticedBehindNewEntries) {
    start();
    add("1");
    backend_.ask(*commands_, {"SAVE"});
    add("2");
    expect_read({"1", "2"});
    tail_->pause(true);
    backend_.stop_server(*commands_);
    backend_.server.start();
    backend_.wait_until_back(*commands_);
    add("3");
    tail_->pause(false);
    backend_.run_until([&] { return read_.size() == 4; });
    EXPECT_EQ(read_,
              (std::vector<std::string>{"1", "2", "3", std::string(redis::loss_mark_value)}));
    EXPECT_EQ(gaps_, 1);
}

TEST_F(RedisStreamTail, AnotherReadersMarkIsAGap) {
    start();
    add("1");
    expect_read({"1"});
    backend_.ask(*commands_, {"XADD", "log", "*", redis::loss_mark_name, redis::loss_mark_value});
    backend_.run_until([&] { return gaps_ == 1; });
    EXPECT_EQ(gaps_, 1);
}

TEST_F(RedisStreamTail, WaitsForAServerThatIsNotThereYet) {
    backend_.stop_server(*commands_);
    tail_->start(nobody());
    std::optional<result<>> answer;
    tail_->when_reading([&](result<> r) { answer = r; });
    backend_.server.start();
    backend_.run_until([&] { return answer.has_value(); });
    EXPECT_TRUE(*answer);
}

TEST_F(RedisStreamTail, ItsEndEndsTheWaiting) {
    backend_.stop_server(*commands_);
    tail_->start(nobody());
    std::optional<result<>> answer;
    tail_->when_reading([&](result<> r) { answer = r; });
    tail_->stop();
    backend_.run_until([&] { return answer.has_value(); });
    EXPECT_EQ(answer->error(), errc::closed);
    backend_.server.start();
}

}  // namespace
}  // namespace chat_gateway::tests
