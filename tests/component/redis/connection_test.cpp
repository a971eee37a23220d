#include "connection.hpp"

#include "redis_backend.hpp"

#include <algorithm>
#include <chrono>

namespace chat_gateway::tests {
namespace {

using namespace std::chrono_literals;

TEST(RealRedis, AnswersOverTcpAndUnixSocket) {
    redis_backend backend;
    redis::url by_path;
    by_path.unix_path = backend.server.unix_path();
    redis::url by_name = backend.where();
    by_name.host = "localhost";
    const auto over_tcp = backend.connect();
    const auto over_unix = backend.connect(by_path);
    const auto by_resolver = backend.connect(by_name);
    ASSERT_EQ(backend.ask(*over_tcp, {"SET", "k", "v"})->text, "OK");
    EXPECT_EQ(backend.ask(*over_unix, {"GET", "k"})->text, "v");
    EXPECT_EQ(backend.ask(*by_resolver, {"GET", "k"})->text, "v");
}

TEST(RealRedis, AMissingUnixSocketIsUnavailable) {
    redis_backend backend;
    redis::url by_path;
    by_path.unix_path = backend.server.unix_path() + ".none";
    const auto c = backend.connect(by_path);
    const auto answer = backend.ask(*c, {"PING"});
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error(), errc::unavailable);
}

TEST(RealRedis, AsksForThePassword) {
    redis_backend backend(
        {"--requirepass", "p w\"'", "--user", "gate", "on", ">secret", "+@all", "~*", "&*"});
    auto where = backend.where();
    where.password = "p w\"'";
    EXPECT_EQ(backend.ask(*backend.connect(where), {"ECHO", "in"})->text, "in");
    where.user = "gate";
    where.password = "secret";
    EXPECT_EQ(backend.ask(*backend.connect(where), {"ACL", "WHOAMI"})->text, "gate");
    where.password = "wrong";
    EXPECT_EQ(backend.ask(*backend.connect(where), {"ECHO", "in"}).error(), errc::unavailable);
    EXPECT_EQ(backend.ask(*backend.connect(), {"ECHO", "in"}).error(), errc::unavailable);
}

TEST(RealRedis, LargeValuesPassBothWays) {
    redis_backend backend;
    const auto c = backend.connect();
    std::string value(5'000'000, '\0');
    for (std::size_t i = 0; i < value.size(); ++i)
        value[i] = static_cast<char>(i * 7 + i / 251);
    ASSERT_EQ(backend.ask(*c, {"SET", "big", value})->text, "OK");
    EXPECT_EQ(backend.ask(*c, {"GET", "big"})->text, value);
}

TEST(RealRedis, ComesBackAfterARestart) {
    redis_backend backend;
    const auto c = backend.connect();
    ASSERT_TRUE(backend.ask(*c, {"PING"}).has_value());
    backend.stop_server(*c);
    EXPECT_EQ(backend.ask(*c, {"PING"}).error(), errc::unavailable);
    backend.server.start();
    backend.wait_until_back(*c);
    EXPECT_EQ(backend.ask(*c, {"ECHO", "again"})->text, "again");
}

TEST(RealRedis, AFrozenServerTimesOutAndIsFoundAgain) {
    redis_backend backend;
    redis::connection_options o;
    o.command_timeout = 500ms;  // its first answer must be there in this time
    const auto c = std::make_shared<redis::connection>(backend.loop, backend.where(), o);
    c->start();
    ASSERT_TRUE(backend.ask(*c, {"PING"}).has_value());
    backend.server.freeze();
    EXPECT_EQ(backend.ask(*c, {"GET", "k"}).error(), errc::timeout);
    EXPECT_EQ(backend.ask(*c, {"GET", "k"}).error(), errc::unavailable);
    backend.server.thaw();
    backend.wait_until_back(*c);
    c->stop();
}

TEST(RealRedis, FiftyThousandCommandsMayBePending) {
    redis_backend backend;
    const auto c = backend.connect();
    ASSERT_TRUE(backend.ask(*c, {"PING"}).has_value());
    constexpr std::size_t limit = 50'000;
    std::size_t answered = 0;
    std::size_t refused = 0;
    for (std::size_t i = 0; i < limit + 10; ++i) {
        c->execute({"INCR", "n"}, [&](result<redis::reply> r) {
            if (!r) {
                EXPECT_EQ(r.error(), errc::overloaded);
                ++refused;
                return;
            }
            ++answered;
            EXPECT_EQ(r->integer, static_cast<std::int64_t>(answered));
        });
    }
    backend.run_until([&] { return answered + refused == limit + 10; });
    EXPECT_EQ(answered, limit);
    EXPECT_EQ(refused, 10U);
}

}  // namespace
}  // namespace chat_gateway::tests
