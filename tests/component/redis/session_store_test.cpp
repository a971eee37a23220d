#include "redis_backend.hpp"
#include "support/ports/session_store_contract.hpp"

namespace chat_gateway::tests {
namespace {

class store_backend : public redis_backend {
public:
    chat::session_store& store() { return *store_; }
    void put(const std::string& id, const std::string& record) {
        ASSERT_FALSE(ask(*commands_, {"SET", "sess:" + id, record})->is_error());
    }
    void put_expired(const std::string& id, const std::string& record) {
        const auto key = "sess:" + id;
        ASSERT_FALSE(ask(*commands_, {"SET", key, record, "PX", "1"})->is_error());
        while (ask(*commands_, {"EXISTS", key}).value().integer != 0) {
        }
    }
    void make_unavailable() { stop_server(*commands_); }

private:
    std::shared_ptr<redis::connection> commands_ = connect();
    std::unique_ptr<chat::session_store> store_ = redis::make_session_store(commands_, "sess:");
};

INSTANTIATE_TYPED_TEST_SUITE_P(Redis, SessionStoreContract, store_backend);

TEST(RedisSessionStore, AKeyThatHoldsNoTextIsNoAnswer) {
    redis_backend backend;
    const auto commands = backend.connect();
    const auto store = redis::make_session_store(commands, "p:");
    ASSERT_EQ(backend.ask(*commands, {"LPUSH", "p:list", "x"})->integer, 1);
    std::optional<result<std::optional<std::string>>> answer;
    store->load("list", [&](auto r) { answer = std::move(r); });
    backend.run_until([&] { return answer.has_value(); });
    ASSERT_FALSE(answer->has_value());
    EXPECT_EQ(answer->error(), errc::unavailable);
}

TEST(RedisSessionStore, ReadsFromTheDatabaseOfItsUrl) {
    redis_backend backend;
    auto third = backend.where();
    third.database = 3;
    const auto commands = backend.connect(third);
    const auto store = redis::make_session_store(commands, "");
    const auto other = backend.connect();
    ASSERT_TRUE(backend.ask(*other, {"SET", "a", "in 0"}).has_value());
    ASSERT_TRUE(backend.ask(*commands, {"SET", "b", "in 3"}).has_value());
    const auto load = [&](const std::string& id) {
        std::optional<result<std::optional<std::string>>> answer;
        store->load(id, [&](auto r) { answer = std::move(r); });
        backend.run_until([&] { return answer.has_value(); });
        return answer->value();
    };
    EXPECT_EQ(load("a"), std::nullopt);
    EXPECT_EQ(load("b"), "in 3");
}

// Where keyspace notifications are on, by event (E) or by key (K).
class WatchedSessions : public ::testing::TestWithParam<std::string> {};

TEST_P(WatchedSessions, TellsWhatIsGoneAndOnlyThat) {
    redis_backend backend;
    const auto commands = backend.connect();
    const std::string prefix = "sess[1]*:";
    const auto store = redis::make_session_store(commands, prefix);
    ASSERT_FALSE(backend.ask(*commands, {"CONFIG", "SET", "notify-keyspace-events", GetParam()})
                     ->is_error());
    std::vector<std::string> gone;
    store->watch({.gone = [&](const std::string& id) { gone.push_back(id); }, .missed = [] {}});
    // Until it listens nothing is told, and when it does is not said: so a first one is repeated.
    while (gone.empty()) {
        (void)backend.ask(*commands, {"SET", prefix + "first", "{}"});
        (void)backend.ask(*commands, {"DEL", prefix + "first"});
    }
    (void)backend.ask(*commands, {"SET", "sess1:foreign", "{}"});
    (void)backend.ask(*commands, {"DEL", "sess1:foreign"});
    (void)backend.ask(*commands, {"SET", prefix + "stays", "{}"});
    (void)backend.ask(*commands, {"SET", prefix + "expires", "{}", "PX", "1"});
    while (backend.ask(*commands, {"EXISTS", prefix + "expires"}).value().integer != 0) {
    }
    backend.run_until([&] { return gone.back() == "expires"; });
    std::erase(gone, "first");
    EXPECT_EQ(gone, std::vector<std::string>{"expires"});
}
INSTANTIATE_TEST_SUITE_P(ByEventAndByKey, WatchedSessions, ::testing::Values("Egxe", "Kgxe"));

TEST(WatchedSessionStore, ALostConnectionIsSomethingMissed) {
    redis_backend backend;
    const auto commands = backend.connect();
    const auto store = redis::make_session_store(commands, "sess:");
    int missed = 0;
    store->watch({.gone = [](const std::string&) {}, .missed = [&] { ++missed; }});
    while (backend.ask(*commands, {"PUBSUB", "NUMPAT"}).value().integer == 0) {
    }
    (void)backend.ask(*commands, {"CLIENT", "KILL", "TYPE", "pubsub"});
    backend.run_until([&] { return missed >= 2; });  // lost, and there again
    EXPECT_GE(missed, 2);
}

}  // namespace
}  // namespace chat_gateway::tests
