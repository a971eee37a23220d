#include "config_check.hpp"
#include "config_value.hpp"

#include <chat_gateway/app/config_table.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <stdexcept>
#include <string>

namespace {

using namespace chat_gateway::app;
namespace log = chat_gateway::log;

const config_key& key(std::string_view path) {
    const auto* found = find_config_key(path);
    if (found == nullptr) throw std::invalid_argument("no such key");
    return *found;
}

/// The contract's table, word for word.
TEST(ConfigTable, HasTheKeysAndDefaultsOfTheContract) {
    const std::map<std::string, std::string> contract{
        {"server.host", R"("0.0.0.0")"},
        {"server.port", "7000"},
        {"server.unix_socket", R"("")"},
        {"server.unix_mode", R"("0660")"},
        {"server.path", R"("/ws")"},
        {"server.threads", "0"},
        {"server.trusted_proxies", R"(["127.0.0.1/32","::1/128"])"},
        {"server.max_connections", "0"},
        {"server.drain_ms", "10000"},
        {"admin.host", R"("127.0.0.1")"},
        {"admin.port", "7001"},
        {"admin.token", R"("")"},
        {"admin.names", "[]"},
        {"engine.ping_interval_ms", "25000"},
        {"engine.ping_timeout_ms", "20000"},
        {"engine.max_payload_bytes", "1000000"},
        {"engine.upgrade_timeout_ms", "10000"},
        {"engine.transports", R"(["polling","websocket"])"},
        {"engine.compression", "false"},
        {"socket.connect_timeout_ms", "45000"},
        {"socket.recovery_ms", "120000"},
        {"socket.recovery_room_bytes", "1048576"},
        {"socket.recovery_session_bytes", "524288"},
        {"socket.recovery_total_bytes", "67108864"},
        {"cors.origins", R"(["http://localhost:5173"])"},
        {"session.store", R"("redis")"},
        {"session.cookie", R"("connect.sid")"},
        {"session.secrets", "[]"},
        {"session.prefix", R"("sess:")"},
        {"session.table", R"("session")"},
        {"session.user_pointer", R"("/passport/user")"},
        {"session.reject", R"("handshake")"},
        {"session.recheck_ms", "30000"},
        {"redis.url", R"("redis://127.0.0.1:6379")"},
        {"redis.tls_ca_file", R"("")"},
        {"redis.tls_certificate_file", R"("")"},
        {"redis.tls_key_file", R"("")"},
        {"postgres.url", R"("postgresql://127.0.0.1/postgres")"},
        {"postgres.pool_size", "4"},
        {"postgres.statement_timeout_ms", "5000"},
        {"postgres.queries.chats_of_users", R"("")"},
        {"postgres.queries.can_view_chat", R"("")"},
        {"postgres.queries.active_users", R"("")"},
        {"postgres.outbox", "false"},
        {"bus.kind", R"("redis")"},
        {"bus.prefix", R"("socket.io")"},
        {"bus.stream_length", "10000"},
        {"bus.subscription", R"("rooms")"},
        {"limits.connections_per_ip", "0"},
        {"limits.connections_per_user", "0"},
        {"limits.handshakes_per_ip_per_s", "0"},
        {"limits.events_per_socket_per_s", "0"},
        {"limits.rooms_per_socket", "10000"},
        {"limits.send_queue_bytes", "1048576"},
        {"log.level", R"("info")"},
        {"log.format", R"("text")"},
    };
    std::map<std::string, std::string> table;
    for (const auto& k : config_keys()) {
        table.emplace(k.path, value_to_json(default_value(k)).dump());
    }
    EXPECT_EQ(table, contract);
}

TEST(ConfigTable, PathsAndVariablesAreUnique) {
    std::set<std::string> paths;
    std::set<std::string> variables;
    std::size_t names = 0;
    for (const auto& k : config_keys()) {
        paths.emplace(k.path);
        variables.insert(environment_name(k.path));
        ++names;
        if (k.alias.empty()) continue;
        variables.emplace(k.alias);
        ++names;
    }
    EXPECT_EQ(paths.size(), config_keys().size());
    EXPECT_EQ(variables.size(), names);
}

TEST(ConfigTable, EveryDefaultIsAccepted) {
    for (const auto& k : config_keys()) {
        EXPECT_THAT(check_value(k, default_value(k)), testing::IsEmpty()) << k.path;
    }
}

TEST(ConfigTable, EveryKeySaysWhatItIsForAndWhatItAccepts) {
    for (const auto& k : config_keys()) {
        EXPECT_THAT(std::string(k.meaning), testing::EndsWith(".")) << k.path;
        EXPECT_FALSE(accepted_values(k).empty()) << k.path;
    }
}

TEST(ConfigTable, BoundsFitTheTypeOfTheSetting) {
    for (const auto& k : config_keys()) {
        settings values;
        const auto slot = k.slot(values);
        if (kind_of(k) != value_kind::integer) continue;
        EXPECT_LT(k.minimum, k.maximum) << k.path;
        const bool is_short = std::holds_alternative<std::uint16_t*>(slot);
        EXPECT_LE(k.maximum, is_short ? 65535U : 4294967295U) << k.path;
    }
}

TEST(ConfigTable, WhatIsStoredIsReadBack) {
    for (const auto& k : config_keys()) {
        settings values;
        auto value = default_value(k);
        if (auto* number = std::get_if<std::int64_t>(&value)) *number = k.maximum;
        if (auto* flag = std::get_if<bool>(&value)) *flag = true;
        if (auto* list = std::get_if<std::vector<std::string>>(&value)) list->emplace_back("more");
        if (auto* text = std::get_if<std::string>(&value)) {
            *text = k.choices.empty() ? "other" : std::string(k.choices.back());
        }
        store_value(k, value, values);
        EXPECT_EQ(read_value(k, values), value) << k.path;
    }
}

TEST(ConfigTable, ChoicesOfTheLogAreInTheOrderOfItsEnumerations) {
    settings values;
    store_value(key("log.level"), std::string("trace"), values);
    EXPECT_EQ(values.log.level, log::level::trace);
    store_value(key("log.level"), std::string("debug"), values);
    EXPECT_EQ(values.log.level, log::level::debug);
    store_value(key("log.level"), std::string("info"), values);
    EXPECT_EQ(values.log.level, log::level::info);
    store_value(key("log.level"), std::string("warn"), values);
    EXPECT_EQ(values.log.level, log::level::warn);
    store_value(key("log.level"), std::string("error"), values);
    EXPECT_EQ(values.log.level, log::level::error);
    store_value(key("log.format"), std::string("text"), values);
    EXPECT_EQ(values.log.format, log::format::text);
    store_value(key("log.format"), std::string("json"), values);
    EXPECT_EQ(values.log.format, log::format::json);
}

TEST(ConfigTable, HidesEverythingThatMayHoldASecret) {
    EXPECT_EQ(key("session.secrets").shown, secrecy::secret);
    EXPECT_EQ(key("admin.token").shown, secrecy::secret);
    EXPECT_EQ(key("redis.url").shown, secrecy::url);
    EXPECT_EQ(key("postgres.url").shown, secrecy::url);
}

TEST(ConfigTable, NamesVariables) {
    EXPECT_EQ(environment_name("engine.ping_interval_ms"), "CHAT_GATEWAY_ENGINE_PING_INTERVAL_MS");
    EXPECT_EQ(environment_name("postgres.queries.active_users"),
              "CHAT_GATEWAY_POSTGRES_QUERIES_ACTIVE_USERS");
}

TEST(ConfigTable, FindsNothingForAnUnknownPath) {
    EXPECT_EQ(find_config_key("server"), nullptr);
    EXPECT_EQ(find_config_key("server.ports"), nullptr);
    EXPECT_EQ(find_config_key(""), nullptr);
}

}  // namespace
