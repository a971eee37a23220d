#include <chat_gateway/app/config_load.hpp>
#include <chat_gateway/app/config_table.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace {

using namespace chat_gateway::app;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;

const environment secret_only{{"SESSION_SECRET", "s"}};

loaded_config from_file(std::string text, environment variables = secret_only) {
    return load_config({config_file{"gw.json", std::move(text)}, std::move(variables)});
}

loaded_config from_environment(environment variables) {
    variables.emplace("SESSION_SECRET", "s");
    return load_config({std::nullopt, std::move(variables)});
}

std::vector<std::string> faults_of_file(std::string text) {
    return from_file(std::move(text)).faults;
}

std::vector<std::string> faults_of_variable(std::string name, std::string value) {
    return from_environment({{std::move(name), std::move(value)}}).faults;
}

TEST(ConfigLoad, ASecretIsAllThatIsRequired) {
    const auto loaded = load_config({std::nullopt, secret_only});
    EXPECT_THAT(loaded.faults, IsEmpty());
    EXPECT_THAT(loaded.warnings, IsEmpty());
    EXPECT_THAT(loaded.values.session.secrets, ElementsAre("s"));
    EXPECT_EQ(loaded.values.server.port, 7000);
    EXPECT_FALSE(loaded.values.demo);
}

TEST(ConfigLoad, WithoutASecretThereIsAFault) {
    const std::string fault =
        "session.secrets: is required; accepted: a list of one or more secrets, none of them empty";
    EXPECT_THAT(load_config({}).faults, ElementsAre(fault));
    EXPECT_THAT(from_file(R"({"session":{"secrets":[]}})", {}).faults, ElementsAre(fault));
    EXPECT_THAT(load_config({std::nullopt, {{"SESSION_SECRET", ""}}}).faults, ElementsAre(fault));
}

TEST(ConfigLoad, FileGoesOverDefaultAndEnvironmentOverFile) {
    const auto loaded = from_file(R"({"server":{"port":8000,"threads":3}})",
                                  {{"SESSION_SECRET", "s"}, {"CHAT_GATEWAY_SERVER_PORT", "9000"}});
    EXPECT_THAT(loaded.faults, IsEmpty());
    EXPECT_EQ(loaded.values.server.port, 9000);
    EXPECT_EQ(loaded.values.server.threads, 3U);
    EXPECT_EQ(loaded.values.admin.port, 7001);
}

TEST(ConfigLoad, FileMaySetKeysOfEveryKind) {
    const auto loaded = from_file(R"({
        // who may connect
        "cors": {"origins": ["https://shop.example", "*.example.org"]},
        "engine": {"compression": true, "transports": ["websocket"]},
        "postgres": {"queries": {"can_view_chat": "select true"}}, /* nested */
        "log": {"level": "debug", "format": "json"}
    })");
    EXPECT_THAT(loaded.faults, IsEmpty());
    EXPECT_THAT(loaded.values.cors.origins, ElementsAre("https://shop.example", "*.example.org"));
    EXPECT_THAT(loaded.values.engine.transports, ElementsAre("websocket"));
    EXPECT_TRUE(loaded.values.engine.compression);
    EXPECT_EQ(loaded.values.postgres.queries.can_view_chat, "select true");
    EXPECT_EQ(loaded.values.log.level, chat_gateway::log::level::debug);
    EXPECT_EQ(loaded.values.log.format, chat_gateway::log::format::json);
}

TEST(ConfigLoad, AliasesWork) {
    const auto loaded = load_config({std::nullopt,
                                     {{"SESSION_SECRET", "one, with commas, in it"},
                                      {"REDIS_URL", "redis://h:1"},
                                      {"DATABASE_URL", "postgres://h/db"},
                                      {"PORT", "8080"}}});
    EXPECT_THAT(loaded.faults, IsEmpty());
    EXPECT_THAT(loaded.values.session.secrets, ElementsAre("one, with commas, in it"));
    EXPECT_EQ(loaded.values.redis.url, "redis://h:1");
    EXPECT_EQ(loaded.values.postgres.url, "postgres://h/db");
    EXPECT_EQ(loaded.values.server.port, 8080);
}

TEST(ConfigLoad, AnAliasGoesOverTheFile) {
    const auto loaded =
        from_file(R"({"server":{"port":1}})", {{"SESSION_SECRET", "s"}, {"PORT", "8080"}});
    EXPECT_EQ(loaded.values.server.port, 8080);
}

TEST(ConfigLoad, TheOwnVariableGoesOverItsAlias) {
    const auto loaded = load_config({std::nullopt,
                                     {{"SESSION_SECRET", "old"},
                                      {"CHAT_GATEWAY_SESSION_SECRETS", "new,newer"},
                                      {"PORT", "not looked at"},
                                      {"CHAT_GATEWAY_SERVER_PORT", "1"}}});
    EXPECT_THAT(loaded.faults, IsEmpty());
    EXPECT_THAT(loaded.values.session.secrets, ElementsAre("new", "newer"));
    EXPECT_EQ(loaded.values.server.port, 1);
}

TEST(ConfigLoad, AnEmptyAliasCountsAsNotSet) {
    const auto loaded = from_environment({{"PORT", ""}, {"REDIS_URL", ""}, {"DATABASE_URL", ""}});
    EXPECT_THAT(loaded.faults, IsEmpty());
    EXPECT_EQ(loaded.values.server.port, 7000);
}

TEST(ConfigLoad, AFaultOfAnAliasNamesTheAlias) {
    EXPECT_THAT(
        faults_of_variable("PORT", "tcp://10.0.0.1:80"),
        ElementsAre("server.port: \"tcp://10.0.0.1:80\" is not an integer; accepted: an integer "
                    "from 0 to 65535 (from PORT)"));
}

TEST(ConfigLoad, EveryKeyCanBeSetByItsVariable) {
    environment variables;
    for (const auto& key : config_keys()) {
        if (key.path == "session.secrets") continue;
        variables[environment_name(key.path)] = "\xff";  // nothing accepts it
    }
    EXPECT_EQ(from_environment(variables).faults.size(), config_keys().size() - 1);
}

TEST(ConfigLoad, NumbersOutOfRange) {
    EXPECT_THAT(
        faults_of_file(R"({"server":{"port":70000}})"),
        ElementsAre("server.port: 70000 is out of range; accepted: an integer from 0 to 65535 "
                    "(from gw.json)"));
    EXPECT_THAT(
        faults_of_variable("CHAT_GATEWAY_POSTGRES_POOL_SIZE", "0"),
        ElementsAre("postgres.pool_size: 0 is out of range; accepted: an integer from 1 to 64 "
                    "(from CHAT_GATEWAY_POSTGRES_POOL_SIZE)"));
    EXPECT_THAT(faults_of_file(R"({"server":{"threads":-1}})"),
                ElementsAre(StartsWith("server.threads: -1 is out of range;")));
    EXPECT_THAT(faults_of_file(R"({"limits":{"send_queue_bytes":1023}})"),
                ElementsAre(StartsWith("limits.send_queue_bytes: 1023 is out of range;")));
}

TEST(ConfigLoad, BoundsThemselvesAreInside) {
    for (const auto& key : config_keys()) {
        for (const auto bound : {key.minimum, key.maximum}) {
            if (key.maximum == 0) continue;
            const auto loaded =
                from_environment({{environment_name(key.path), std::to_string(bound)}});
            EXPECT_THAT(loaded.faults, IsEmpty()) << key.path << ' ' << bound;
        }
    }
}

TEST(ConfigLoad, WrongKinds) {
    EXPECT_THAT(
        faults_of_file(
            R"({"server":{"port":"80","host":1,"threads":1.0},"engine":{"compression":0},"cors":{"origins":"a"}})"),
        UnorderedElementsAre(
            StartsWith("server.port: \"80\" is not an integer; accepted: an integer"),
            StartsWith("server.host: 1 is not a string; accepted: an IP address"),
            StartsWith("server.threads: 1.0 is not an integer;"),
            StartsWith("engine.compression: 0 is not a boolean; accepted:"),
            StartsWith("cors.origins: \"a\" is not a list of strings;")));
    EXPECT_THAT(faults_of_file(R"({"server":{"port":null,"host":{},"path":[[]]}})"),
                UnorderedElementsAre(StartsWith("server.port: null is not an integer;"),
                                     StartsWith("server.host: an object is not a string;"),
                                     StartsWith("server.path: this list is not a string;")));
}

TEST(ConfigLoad, UnknownKeysAndSections) {
    EXPECT_THAT(
        faults_of_file(R"({"server":{"prot":1},"sever":{},"server.port":1,"":2,"a\nb":3})"),
        UnorderedElementsAre(
            "server.prot: is not a known key; accepted: the keys of docs/configuration.md "
            "(from gw.json)",
            StartsWith("sever: is not a known key;"),
            StartsWith("\"server.port\": is not a known key;"),
            StartsWith("\"\": is not a known key;"), StartsWith(R"("a\nb": is not a known key;)")));
}

TEST(ConfigLoad, AFileMayNameItsSchemaAtTheTop) {
    EXPECT_THAT(faults_of_file(R"({"$schema":"chat-gateway.schema.json","server":{"port":7}})"),
                IsEmpty());
    EXPECT_THAT(
        faults_of_file(R"({"$schema":7})"),
        ElementsAre("\"$schema\": is not a string; accepted: where an editor finds the JSON Schema "
                    "(from gw.json)"));
    EXPECT_THAT(faults_of_file(R"({"server":{"$schema":"x"}})"),
                ElementsAre(StartsWith("server.\"$schema\": is not a known key;")));
    EXPECT_THAT(faults_of_file(R"({"$schema":"a","$schema":"b"})"),
                ElementsAre(StartsWith("\"$schema\": is said twice;")));
}

TEST(ConfigLoad, ASectionIsAnObject) {
    EXPECT_THAT(faults_of_file(R"({"server":5,"postgres":{"queries":[]}})"),
                UnorderedElementsAre(StartsWith("server: is not an object;"),
                                     StartsWith("postgres.queries: is not an object;")));
}

TEST(ConfigLoad, KeysSaidTwice) {
    EXPECT_THAT(faults_of_file(R"({"server":{"port":1,"port":2}})"),
                ElementsAre("server.port: is said twice; accepted: each key once (from gw.json)"));
}

TEST(ConfigLoad, AnUnknownVariableIsWarnedAbout) {
    const auto warnings = [](const std::string& name) {
        const auto loaded = load_config({.variables = {{"SESSION_SECRET", "s"}, {name, "1"}}});
        EXPECT_THAT(loaded.faults, IsEmpty());
        return loaded.warnings;
    };
    EXPECT_THAT(warnings("CHAT_GATEWAY_SERVER_PROT"),
                ElementsAre(StartsWith("CHAT_GATEWAY_SERVER_PROT: is not a known variable")));
    EXPECT_THAT(warnings("CHAT_GATEWAY_"), ElementsAre(StartsWith("CHAT_GATEWAY_:")));
    EXPECT_THAT(warnings("CHAT_GATEWAY_server_port"),
                ElementsAre(StartsWith("CHAT_GATEWAY_server_port:")));
    EXPECT_THAT(warnings("CHAT_GATEWAYS"), IsEmpty());
    EXPECT_THAT(warnings("PATH"), IsEmpty());
}

TEST(ConfigLoad, ASyntaxErrorNamesItsPlace) {
    EXPECT_THAT(
        faults_of_file("{\n  \"server\": {\"port\" 1}\n}"),
        ElementsAre("line 2, column 21: is not JSON; accepted: a JSON object, // comments allowed "
                    "(from gw.json)"));
    EXPECT_THAT(faults_of_file(""), ElementsAre(StartsWith("line 1, column 1: is not JSON;")));
    EXPECT_THAT(faults_of_file("[]"), ElementsAre(StartsWith("the file: is not a JSON object;")));
}

TEST(ConfigLoad, ASyntaxErrorDoesNotHideFaultsOfTheEnvironment) {
    const auto loaded = from_file("{", {{"PORT", "x"}});
    EXPECT_THAT(loaded.faults,
                ElementsAre(StartsWith("line 1, column 1:"), StartsWith("server.port:"),
                            StartsWith("session.secrets: is required")));
}

TEST(ConfigLoad, AllFaultsAreToldALineEach) {
    const auto faults = faults_of_file(R"({
        "server": {"path": "ws", "trusted_proxies": ["10.0.0.0/33", "x"]},
        "engine": {"transports": []},
        "session": {"cookie": "a b", "user_pointer": "user", "store": "file"},
        "redis": {"url": "http://h"}, "postgres": {"url": "h"},
        "log": {"level": "loud\nlevel"}
    })");
    EXPECT_THAT(
        faults,
        UnorderedElementsAre(
            StartsWith("server.path: \"ws\" does not begin with /; accepted: a path such as /ws"),
            StartsWith("server.trusted_proxies: \"10.0.0.0/33\" is not an address block;"),
            StartsWith("server.trusted_proxies: \"x\" is not an address block;"),
            StartsWith("engine.transports: the list is empty; accepted: a list of one or more of "
                       "polling and websocket"),
            StartsWith("session.cookie: \"a b\" is not a cookie name;"),
            StartsWith("session.user_pointer: \"user\" does not begin with /;"),
            StartsWith(
                "session.store: \"file\" is not a choice; accepted: redis, postgres or memory"),
            StartsWith("redis.url: the value is not a Redis URL;"),
            StartsWith("postgres.url: the value is not a connection URI;"),
            StartsWith(
                R"(log.level: "loud\nlevel" is not a choice; accepted: trace, debug, info, warn or error)")));
    for (const auto& fault : faults)
        EXPECT_THAT(fault, Not(HasSubstr("\n")));
}

TEST(ConfigLoad, AUnixSocketHasAPathAndAMode) {
    const auto loaded = from_file(
        R"({"server": {"port": 0, "unix_socket": "/run/gw/public.sock", "unix_mode": "600"}})");
    EXPECT_THAT(loaded.faults, IsEmpty());
    EXPECT_THAT(loaded.warnings, IsEmpty());
    EXPECT_EQ(loaded.values.server.unix_socket, "/run/gw/public.sock");
    EXPECT_EQ(loaded.values.server.unix_mode, "600");
    EXPECT_THAT(
        faults_of_variable("CHAT_GATEWAY_SERVER_UNIX_SOCKET", '/' + std::string(107, 'x')),
        ElementsAre(HasSubstr("is too long for an AF_UNIX socket; accepted: an absolute path of "
                              "at most 107 bytes (from CHAT_GATEWAY_SERVER_UNIX_SOCKET)")));
    EXPECT_THAT(faults_of_variable("CHAT_GATEWAY_SERVER_UNIX_MODE", "rw-rw----"),
                ElementsAre(StartsWith("server.unix_mode: \"rw-rw----\" is not a file mode; "
                                       "accepted: an octal file mode such as 0660")));
}

TEST(ConfigLoad, TransportsAreNamedOnceAndKnown) {
    EXPECT_THAT(faults_of_variable("CHAT_GATEWAY_ENGINE_TRANSPORTS", "polling,polling"),
                ElementsAre(StartsWith("engine.transports: the list names something twice;")));
    EXPECT_THAT(faults_of_variable("CHAT_GATEWAY_ENGINE_TRANSPORTS", "polling,webtransport"),
                ElementsAre(StartsWith("engine.transports: \"webtransport\" is not a choice;")));
}

TEST(ConfigLoad, TextsAreUtf8WithoutNul) {
    EXPECT_THAT(faults_of_file(R"({"session":{"prefix":"a\u0000b"}})"),
                ElementsAre(StartsWith(R"(session.prefix: "a\u0000b" contains a NUL character;)")));
    EXPECT_THAT(faults_of_variable("CHAT_GATEWAY_SESSION_PREFIX", "\xff"),
                ElementsAre(StartsWith("session.prefix: \"\\ufffd\" is not UTF-8;")));
}

TEST(ConfigLoad, ALongValueIsCutInItsFault) {
    const auto faults = faults_of_variable("CHAT_GATEWAY_LOG_LEVEL", std::string(5000, 'x'));
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_LT(faults[0].size(), 250U);
    EXPECT_THAT(faults[0], HasSubstr("xxx...\" is not a choice"));
}

TEST(ConfigLoad, FaultsNeverRepeatSecrets) {
    const auto loaded = from_file(
        R"({"session":{"secrets":"hidden"},"admin":{"token":"hid den"},
            "redis":{"url":"hidden"},"postgres":{"url":["hidden"]}})",
        {{"REDIS_URL", "redi://:hidden@h"},
         {"DATABASE_URL", "hidden"},
         {"CHAT_GATEWAY_SESSION_SECRETS", "hidden,"}});
    EXPECT_EQ(loaded.faults.size(), 7U);
    for (const auto& fault : loaded.faults) {
        EXPECT_THAT(fault, Not(HasSubstr("hid")));
        EXPECT_THAT(fault, HasSubstr(": the value "));
    }
}

TEST(ConfigLoad, AnEmptySecretIsToldOnce) {
    EXPECT_THAT(from_file(R"({"session":{"secrets":["a",""]}})", {}).faults,
                ElementsAre(StartsWith("session.secrets: the value is empty;")));
}

TEST(ConfigLoad, TheListenersNeedTwoPorts) {
    const std::string fault = "admin.port: 9000 is also server.port; accepted: another port";
    EXPECT_THAT(faults_of_file(R"({"server":{"port":9000},"admin":{"port":9000}})"),
                ElementsAre(fault));
    EXPECT_THAT(
        faults_of_file(
            R"({"server":{"port":9000,"host":"10.0.0.1"},"admin":{"port":9000,"host":"10.0.0.1"}})"),
        ElementsAre(fault));
    EXPECT_THAT(
        faults_of_file(R"({"server":{"port":9000,"host":"10.0.0.1"},"admin":{"port":9000}})"),
        IsEmpty());
    EXPECT_THAT(faults_of_file(R"({"server":{"port":0},"admin":{"port":0}})"), IsEmpty());
}

TEST(ConfigLoad, JointChecksLeaveOutKeysAtFault) {
    EXPECT_THAT(faults_of_file(R"({"server":{"port":70000},"admin":{"port":7000}})"),
                ElementsAre(StartsWith("server.port: 70000")));
}

TEST(ConfigLoad, ThePathLosesItsLastSlash) {
    EXPECT_EQ(from_file(R"({"server":{"path":"/ws/"}})").values.server.path, "/ws");
    EXPECT_EQ(from_file(R"({"server":{"path":"/a/b//"}})").values.server.path, "/a/b");
}

TEST(ConfigLoad, MemoryStoresNeedNoDemo) {
    const auto loaded = from_file(R"({"session":{"store":"memory"},"bus":{"kind":"memory"}})");
    EXPECT_THAT(loaded.faults, IsEmpty());
    EXPECT_EQ(loaded.values.session.store, "memory");
    EXPECT_EQ(loaded.values.bus.kind, "memory");
    EXPECT_FALSE(loaded.values.demo);
}

TEST(ConfigLoadDemo, KeepsEverythingInMemory) {
    const auto loaded = load_config({std::nullopt, {{"CHAT_GATEWAY_BUS_KIND", "redis"}}, true});
    EXPECT_THAT(loaded.faults, IsEmpty());
    EXPECT_TRUE(loaded.values.demo);
    EXPECT_EQ(loaded.values.session.store, "memory");
    EXPECT_EQ(loaded.values.bus.kind, "memory");
}

TEST(ConfigLoadDemo, MakesASecretOfItsOwnEachTime) {
    const auto one = load_config({std::nullopt, {}, true}).values.session.secrets;
    const auto other = load_config({std::nullopt, {}, true}).values.session.secrets;
    ASSERT_EQ(one.size(), 1U);
    EXPECT_EQ(one[0].size(), 32U);
    EXPECT_NE(one, other);
}

TEST(ConfigLoadDemo, TakesTheSecretItIsGiven) {
    EXPECT_THAT(load_config({std::nullopt, secret_only, true}).values.session.secrets,
                ElementsAre("s"));
}

TEST(ConfigLoadDemo, StillChecksEverything) {
    EXPECT_THAT(load_config({std::nullopt, {{"PORT", "x"}}, true}).faults,
                ElementsAre(StartsWith("server.port:")));
}

TEST(ConfigLoad, TheOutboxCannotReachShardedChannelsOfSeveralNodes) {
    const auto faults = [](const std::string& kind, const std::string& url) {
        return faults_of_file(R"({"postgres":{"outbox":true},"bus":{"kind":")" + kind +
                              R"("},"redis":{"url":")" + url + "\"}}");
    };
    EXPECT_THAT(faults("redis-sharded", "redis://a,b"),
                ElementsAre(StartsWith("postgres.outbox: true does not go with bus.kind")));
    EXPECT_THAT(faults("redis-sharded", "redis://a"), IsEmpty());
    EXPECT_THAT(faults("redis-streams", "redis://a,b"), IsEmpty());
    EXPECT_THAT(faults("redis", "redis://a,b"), IsEmpty());
}

TEST(ConfigLoad, SeveralRedisNodesMustBeOfOneCluster) {
    EXPECT_THAT(faults_of_variable("REDIS_URL", "redis://a,redis://b"), IsEmpty());
    EXPECT_THAT(
        faults_of_variable("REDIS_URL", "redis://a,rediss://b"),
        ElementsAre(StartsWith("redis.url: the value names nodes with different schemes;")));
}

TEST(ConfigLoad, TheOutboxNeedsABusThatRemembers) {
    EXPECT_THAT(faults_of_file(R"({"postgres":{"outbox":true},"bus":{"kind":"memory"}})"),
                ElementsAre(StartsWith("postgres.outbox: true needs a bus that remembers")));
    EXPECT_THAT(faults_of_file(R"({"postgres":{"outbox":true}})"), IsEmpty());
    const auto on_cluster = [](const std::string& kind) {
        return faults_of_file(R"({"postgres":{"outbox":true},"bus":{"kind":")" + kind +
                              R"("},"redis":{"url":"redis://a:1,redis://b:2"}})");
    };
    EXPECT_THAT(on_cluster("redis-sharded"),
                ElementsAre(StartsWith("postgres.outbox: true does not go with bus.kind "
                                       "redis-sharded on a Redis Cluster")));
    EXPECT_THAT(on_cluster("redis"), IsEmpty());
    EXPECT_THAT(on_cluster("redis-streams"), IsEmpty());
    for (const auto* kind : {"redis", "redis-sharded", "redis-streams"}) {
        EXPECT_THAT(faults_of_file(R"({"postgres":{"outbox":true},"bus":{"kind":")" +
                                   std::string(kind) + "\"}}"),
                    IsEmpty())
            << kind;
    }
}

TEST(ConfigLoad, AClientsCertificateForRedisGoesWithItsKey) {
    const std::string fault =
        "redis.tls_certificate_file: goes with redis.tls_key_file; accepted: both of them or "
        "neither";
    for (const auto* key :
         {"CHAT_GATEWAY_REDIS_TLS_CERTIFICATE_FILE", "CHAT_GATEWAY_REDIS_TLS_KEY_FILE"}) {
        EXPECT_THAT(from_environment({{key, "/x.pem"}}).faults,
                    ElementsAre(testing::HasSubstr(fault)));
    }
    EXPECT_THAT(from_environment({{"CHAT_GATEWAY_REDIS_TLS_CERTIFICATE_FILE", "/x.pem"},
                                  {"CHAT_GATEWAY_REDIS_TLS_KEY_FILE", "/x.key"}})
                    .faults,
                IsEmpty());
}

TEST(ReadEnvironment, SplitsAtTheFirstEqualsSign) {
    const std::array<const char*, 5> variables{"A=1", "B=x=y", "EMPTY=", "no value", nullptr};
    EXPECT_EQ(read_environment(variables.data()),
              (environment{{"A", "1"}, {"B", "x=y"}, {"EMPTY", ""}}));
}

}  // namespace
