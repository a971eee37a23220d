#include "redis_backend.hpp"

#include <chat_gateway/socketio/stream_position.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::tests {
namespace {

using store = chat::recovery_store;
using condition = store::condition;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

class RedisRecoveryStore : public ::testing::Test {
protected:
    /// Calls `ask` with a handler, and waits for what it is told.
    template <class T, class Ask>
    result<T> wait(Ask ask) {
        auto answer = std::make_shared<std::optional<result<T>>>();
        ask([answer](result<T> r) { answer->emplace(std::move(r)); });
        backend_.run_until([&] { return answer->has_value(); });
        return std::move(**answer);
    }
    bool put(const std::string& pid, const std::string& value, condition c,
             store::milliseconds ttl = 60s) {
        return wait<bool>([&](auto h) { store_->put(pid, value, c, ttl, std::move(h)); }).value();
    }
    std::optional<std::string> look(const std::string& pid) {
        return wait<std::optional<std::string>>([&](auto h) { store_->look(pid, std::move(h)); })
            .value();
    }
    std::optional<std::string> take(const std::string& pid) {
        return wait<std::optional<std::string>>([&](auto h) { store_->take(pid, std::move(h)); })
            .value();
    }
    std::vector<store::past> read(std::uint64_t from, std::uint64_t to, std::size_t most = 100) {
        return wait<std::vector<store::past>>(
                   [&](auto h) { store_->read(from, to, most, std::move(h)); })
            .value();
    }
    std::uint64_t add(std::vector<std::string_view> fields) {
        std::vector<std::string_view> words{"XADD", "test", "*"};
        words.insert(words.end(), fields.begin(), fields.end());
        std::optional<result<redis::reply>> answer;
        commands_->execute(words, [&](result<redis::reply> r) { answer = std::move(r); });
        backend_.run_until([&] { return answer.has_value(); });
        return socketio::stream_position((*answer)->text).value();
    }
    static std::string value(char owner, const std::string& rest) {
        return std::string(store::owner_size, owner) + rest;
    }

    redis_backend backend_;
    std::shared_ptr<redis::connection> commands_ = backend_.connect();
    std::unique_ptr<store> store_ = redis::make_recovery_store(commands_, "test");
};

TEST_F(RedisRecoveryStore, IsWhereNodesAdapterLooks) {
    EXPECT_TRUE(put("p", value('a', "1"), condition::none, 5s));
    EXPECT_EQ(backend_.ask(*commands_, {"GET", "sio:session:p"})->text, value('a', "1"));
    const auto left = backend_.ask(*commands_, {"PTTL", "sio:session:p"})->integer;
    EXPECT_GT(left, 0);
    EXPECT_LE(left, 5000);
}

TEST_F(RedisRecoveryStore, PutsWhenTheConditionHolds) {
    EXPECT_FALSE(put("p", value('a', "1"), condition::is_owned));
    EXPECT_EQ(look("p"), std::nullopt);
    EXPECT_TRUE(put("p", value('a', "1"), condition::is_absent));
    EXPECT_FALSE(put("p", value('a', "2"), condition::is_absent));
    EXPECT_FALSE(put("p", value('b', "3"), condition::is_owned));
    EXPECT_EQ(look("p"), value('a', "1"));
    EXPECT_TRUE(put("p", value('a', "4"), condition::is_owned, 5s));
    EXPECT_EQ(look("p"), value('a', "4"));
    EXPECT_LE(backend_.ask(*commands_, {"PTTL", "sio:session:p"})->integer, 5000);
    EXPECT_TRUE(put("p", value('b', "5"), condition::none));
    EXPECT_EQ(look("p"), value('b', "5"));
    EXPECT_FALSE(put("p", value('a', "6"), condition::is_not_anothers));
    EXPECT_TRUE(put("p", value('b', "7"), condition::is_not_anothers));
    EXPECT_EQ(take("p"), value('b', "7"));
    EXPECT_TRUE(put("p", value('a', "8"), condition::is_not_anothers, 5s));
    EXPECT_EQ(look("p"), value('a', "8"));
    EXPECT_LE(backend_.ask(*commands_, {"PTTL", "sio:session:p"})->integer, 5000);
}

TEST_F(RedisRecoveryStore, GivesASessionToOne) {
    put("p", value('a', "1"), condition::none);
    EXPECT_EQ(take("p"), value('a', "1"));
    EXPECT_EQ(take("p"), std::nullopt);
}

TEST_F(RedisRecoveryStore, ForgetsASessionInItsTime) {
    put("p", value('a', "1"), condition::none, 20ms);
    backend_.run_until([&] { return !look("p"); });
    EXPECT_EQ(look("p"), std::nullopt);
}

TEST_F(RedisRecoveryStore, DropsTheOwnersOnly) {
    put("p", value('a', "1"), condition::none);
    const auto drop = [&](char owner) {
        EXPECT_TRUE(wait<void>([&](auto h) {
                        store_->drop("p", std::string(store::owner_size, owner), std::move(h));
                    }).has_value());
    };
    drop('b');
    EXPECT_TRUE(look("p"));
    drop('a');
    EXPECT_FALSE(look("p"));
    drop('a');
}

TEST_F(RedisRecoveryStore, RemembersWhenAUserWasCutOff) {
    const auto cut_of = [&](const std::string& user) {
        return wait<std::uint64_t>([&](auto h) { store_->cut_of(user, std::move(h)); }).value();
    };
    EXPECT_EQ(cut_of("ada"), 0U);
    const auto cut = [&](const char* id, store::milliseconds ttl) {
        const auto position = socketio::stream_position(id).value();
        EXPECT_TRUE(wait<void>([&](auto h) {
                        store_->cut("ada", position, ttl, std::move(h));
                    }).has_value());
        return position;
    };
    const auto position = cut("1795380179958-3", 5s);
    EXPECT_EQ(cut_of("ada"), position);
    EXPECT_GT(backend_.ask(*commands_, {"PTTL", "test:cut:ada"})->integer, 0);
    EXPECT_EQ(cut_of("eve"), 0U);
    EXPECT_LE(backend_.ask(*commands_, {"PTTL", "test:cut:ada"})->integer, 5000);
    // A gateway that is behind the others says an earlier one.
    for (const char* earlier : {"1795380179958-3", "1795380179958-2", "1795380179957-9", "9-9"}) {
        cut(earlier, 60s);
        EXPECT_EQ(cut_of("ada"), position) << earlier;
    }
    EXPECT_GT(backend_.ask(*commands_, {"PTTL", "test:cut:ada"})->integer, 5000);
    for (const char* later : {"1795380179958-10", "1795380179959-0", "1895380179958-0"}) {
        const auto there = cut(later, 5s);
        EXPECT_EQ(cut_of("ada"), there) << later;
    }
    backend_.ask(*commands_, {"SET", "test:cut:eve", "nonsense"});
    EXPECT_EQ(cut_of("eve"), ~std::uint64_t{0}) << "forbids rather than allows";
}

TEST_F(RedisRecoveryStore, ReadsWhatTheStreamHas) {
    EXPECT_TRUE(read(0, ~std::uint64_t{0} >> 1).empty());
    const auto first = add(
        {"uid", "emitter", "nsp", "/", "type", "3", "data",
         R"({"packet":{"type":2,"data":["hello",1]},"opts":{"rooms":["a"],"except":["b"],"flags":{}}})"});
    const auto join = add({"uid", "x", "nsp", "/", "type", "4", "data",
                           R"({"opts":{"rooms":["a"],"except":[]},"rooms":["b"]})"});
    const auto mark = add({"chat-gateway", "loss"});
    const auto nonsense = add({"uid", "x", "nsp", "/", "type", "3", "data", "{"});

    const auto all = read(first, nonsense);
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[0].position, first);
    ASSERT_TRUE(all[0].what);
    EXPECT_EQ(all[0].what->packet, R"(2["hello",1])");
    EXPECT_EQ(all[0].what->rooms, std::vector<std::string>{"a"});
    EXPECT_EQ(all[0].what->except, std::vector<std::string>{"b"});
    EXPECT_EQ(all[0].what->position, first);
    EXPECT_FALSE(all[0].after_loss);
    EXPECT_EQ(all[1].position, join);
    EXPECT_FALSE(all[1].what);
    EXPECT_EQ(all[2].position, mark);
    EXPECT_TRUE(all[2].after_loss);
    EXPECT_EQ(all[3].position, nonsense);
    EXPECT_FALSE(all[3].what);

    EXPECT_EQ(read(join, mark).size(), 2U);
    EXPECT_EQ(read(first, nonsense, 3).size(), 3U);
}

TEST_F(RedisRecoveryStore, AWayThatIsLostIsAnError) {
    backend_.stop_server(*commands_);
    const auto put = wait<bool>(
        [&](auto h) { store_->put("p", value('a', "1"), condition::is_owned, 60s, std::move(h)); });
    EXPECT_EQ(put.error(), errc::unavailable);
    const auto read =
        wait<std::vector<store::past>>([&](auto h) { store_->read(0, 1, 10, std::move(h)); });
    EXPECT_EQ(read.error(), errc::unavailable);
    const auto cut = wait<std::uint64_t>([&](auto h) { store_->cut_of("ada", std::move(h)); });
    EXPECT_EQ(cut.error(), errc::unavailable);
    backend_.server.start();
}

TEST_F(RedisRecoveryStore, AKeyThatIsSomethingElseIsAnError) {
    backend_.ask(*commands_, {"LPUSH", "sio:session:p", "x"});
    backend_.ask(*commands_, {"LPUSH", "test", "x"});
    const auto looked =
        wait<std::optional<std::string>>([&](auto h) { store_->look("p", std::move(h)); });
    EXPECT_EQ(looked.error(), errc::unavailable);
    const auto put = wait<bool>(
        [&](auto h) { store_->put("p", value('a', "1"), condition::is_owned, 60s, std::move(h)); });
    EXPECT_EQ(put.error(), errc::unavailable);
    const auto read =
        wait<std::vector<store::past>>([&](auto h) { store_->read(0, 1, 10, std::move(h)); });
    EXPECT_EQ(read.error(), errc::unavailable);
}

}  // namespace
}  // namespace chat_gateway::tests
