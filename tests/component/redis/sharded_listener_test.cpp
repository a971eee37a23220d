#include "client.hpp"
#include "redis_backend.hpp"

#include <gmock/gmock.h>

namespace chat_gateway::tests {
namespace {

using ::testing::ElementsAre;

class RedisShardedListener : public ::testing::Test {
protected:
    RedisShardedListener() {
        listener_->start(
            [this](std::span<const redis::published> batch) {
                for (const auto& p : batch)
                    heard_.push_back(std::string(p.channel) + '=' + std::string(p.payload));
            },
            [this] { ++gaps_; });
    }
    ~RedisShardedListener() override { listener_->stop(); }

    void subscribe(std::vector<std::string> channels) {
        std::optional<result<>> answer;
        listener_->subscribe(std::move(channels), [&](result<> r) { answer = r; });
        backend_.run_until([&] { return answer.has_value(); });
        ASSERT_TRUE(answer && answer->has_value());
    }
    /// How many got it.
    std::int64_t publish(std::string_view verb, const std::string& channel, std::string_view text) {
        std::optional<result<redis::reply>> answer;
        client().execute_at(channel, {verb, channel, text}, [&](auto r) { answer = std::move(r); });
        backend_.run_until([&] { return answer.has_value(); });
        return (*answer)->integer;
    }
    std::size_t subscribers(const std::string& channel) {
        std::optional<result<std::size_t>> sum;
        client().execute_on_masters({"PUBSUB", "SHARDNUMSUB", channel}, [&](auto answers) {
            sum = redis::sum_of_subscribers(answers);
        });
        backend_.run_until([&] { return sum.has_value(); });
        return sum->value();
    }
    redis::client& client() { return *commands_; }

    redis_backend backend_;
    std::shared_ptr<redis::connection> commands_ = backend_.connect();
    std::shared_ptr<redis::channel_listener> listener_ =
        commands_->make_listener({.sharded = true});
    std::vector<std::string> heard_;
    int gaps_ = 0;
};

TEST_F(RedisShardedListener, HearsShardChannelsOnly) {
    subscribe({"a", "b"});
    EXPECT_EQ(subscribers("a"), 1U);
    EXPECT_EQ(publish("PUBLISH", "a", "plain"), 0);
    EXPECT_EQ(publish("SPUBLISH", "a", "1"), 1);
    EXPECT_EQ(publish("SPUBLISH", "c", "foreign"), 0);
    EXPECT_EQ(publish("SPUBLISH", "b", "2"), 1);
    backend_.run_until([&] { return heard_.size() == 2; });
    EXPECT_THAT(heard_, ElementsAre("a=1", "b=2"));
}

TEST_F(RedisShardedListener, LeavesAndJoinsAgain) {
    subscribe({"a", "b"});
    listener_->unsubscribe({"a"});
    subscribe({});
    EXPECT_EQ(subscribers("a"), 0U);
    EXPECT_EQ(publish("SPUBLISH", "a", "left"), 0);
    subscribe({"a"});
    EXPECT_EQ(publish("SPUBLISH", "a", "back"), 1);
    backend_.run_until([&] { return !heard_.empty(); });
    EXPECT_THAT(heard_, ElementsAre("a=back"));
}

TEST_F(RedisShardedListener, ManyChannelsComeBackAfterARestart) {
    std::vector<std::string> channels;
    for (int i = 0; i < 1201; ++i)
        channels.push_back("channel " + std::to_string(i));
    subscribe(channels);
    EXPECT_EQ(gaps_, 0);
    backend_.stop_server(*commands_);
    backend_.server.start();
    backend_.run_until([&] { return gaps_ == 2; });
    backend_.wait_until_back(*commands_);
    for (const auto& channel : channels)
        EXPECT_EQ(subscribers(channel), 1U) << channel;
    EXPECT_EQ(listener_->reconnects(), 1U);
}

}  // namespace
}  // namespace chat_gateway::tests
