#include "config_value.hpp"

#include <chat_gateway/app/config_load.hpp>
#include <chat_gateway/app/config_reference.hpp>
#include <chat_gateway/app/config_table.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace {

using namespace chat_gateway::app;
using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

json schema_of(std::string_view path) {
    std::string pointer;
    std::stringstream segments{std::string(path)};
    for (std::string segment; std::getline(segments, segment, '.');)
        pointer += "/properties/" + segment;
    return json::parse(config_schema()).at(json::json_pointer(pointer));
}

TEST(ConfigSchema, DescribesEveryKey) {
    for (const auto& key : config_keys()) {
        const auto schema = schema_of(key.path);
        EXPECT_THAT(schema["description"].get<std::string>(), HasSubstr(std::string(key.meaning)));
        EXPECT_EQ(schema["default"], json(value_to_json(default_value(key)))) << key.path;
    }
}

TEST(ConfigSchema, AllowsNoOtherKeys) {
    const auto root = json::parse(config_schema());
    EXPECT_EQ(root["additionalProperties"], false);
    EXPECT_EQ(root["properties"]["postgres"]["additionalProperties"], false);
    EXPECT_EQ(root["properties"]["postgres"]["properties"]["queries"]["additionalProperties"],
              false);
}

TEST(ConfigSchema, HasTheBoundsAndChoicesOfTheTable) {
    EXPECT_EQ(schema_of("postgres.pool_size")["type"], "integer");
    EXPECT_EQ(schema_of("postgres.pool_size")["minimum"], 1);
    EXPECT_EQ(schema_of("postgres.pool_size")["maximum"], 64);
    EXPECT_EQ(schema_of("bus.kind")["enum"],
              json({"redis", "redis-sharded", "redis-streams", "memory"}));
    EXPECT_EQ(schema_of("cors.origins")["type"], "array");
    EXPECT_EQ(schema_of("cors.origins")["items"]["type"], "string");
    EXPECT_EQ(schema_of("engine.transports")["items"]["enum"], json({"polling", "websocket"}));
    EXPECT_EQ(schema_of("engine.transports")["minItems"], 1);
}

TEST(ConfigSchema, AllowsBothValuesOfABoolean) {
    EXPECT_EQ(schema_of("engine.compression")["type"], "boolean");
    EXPECT_FALSE(schema_of("engine.compression").contains("enum"));
}

TEST(ConfigExample, IsTheDefaults) {
    const auto loaded = load_config(
        {config_file{"example", config_example()}, environment{{"SESSION_SECRET", "s"}}});
    EXPECT_THAT(loaded.faults, IsEmpty());
    EXPECT_THAT(loaded.warnings, IsEmpty());
    for (const auto& key : config_keys()) {
        // Empty ones stand for the built-in queries.
        const bool filled = key.path.starts_with("postgres.queries.");
        if (key.path == "session.secrets" || key.shipped != 0 || filled) continue;
        EXPECT_EQ(read_value(key, loaded.values), default_value(key)) << key.path;
    }
}

/// Off by default, on in the files that are shipped.
TEST(ShippedFiles, HaveAllLimitsOn) {
    std::ifstream file(CHAT_GATEWAY_TEST_DATA "/../../config/sc-market.json");
    const std::string market{std::istreambuf_iterator<char>(file), {}};
    for (const auto& text : {config_example(), market}) {
        const auto loaded =
            load_config({config_file{"shipped", text}, environment{{"SESSION_SECRET", "s"}}});
        EXPECT_THAT(loaded.faults, IsEmpty());
        EXPECT_GT(loaded.values.server.max_connections, 0U);
        EXPECT_GT(loaded.values.limits.connections_per_ip, 0U);
        EXPECT_GT(loaded.values.limits.connections_per_user, 0U);
        EXPECT_GT(loaded.values.limits.handshakes_per_ip_per_s, 0U);
        EXPECT_GT(loaded.values.limits.events_per_socket_per_s, 0U);
    }
}

TEST(ConfigExample, HoldsEveryKeyWithItsMeaning) {
    const auto tree = json::parse(config_example(), nullptr, false, true);
    ASSERT_TRUE(tree.is_object());
    auto defaults = nlohmann::ordered_json::object();
    for (const auto& key : config_keys()) {
        member_at(defaults, key.path) = value_to_json(default_value(key));
        if (key.shipped != 0) member_at(defaults, key.path) = key.shipped;
    }
    EXPECT_EQ(tree, json::parse(defaults.dump()));
    EXPECT_THAT(config_example(), HasSubstr("// Port of the public listener; 0 = a free one"));
}

TEST(ConfigExample, StaysWithinTheColumns) {
    std::stringstream lines(config_example());
    for (std::string line; std::getline(lines, line);)
        EXPECT_LE(line.size(), 100U) << line;
}

TEST(ConfigMarkdown, HasARowForEveryKey) {
    const auto page = config_markdown();
    for (const auto& key : config_keys()) {
        EXPECT_THAT(page, HasSubstr("\n| `" + std::string(key.path) + "` | "));
        EXPECT_THAT(page, HasSubstr('`' + environment_name(key.path) + '`'));
        if (key.alias.empty()) continue;
        EXPECT_THAT(page, HasSubstr(", `" + std::string(key.alias) + '`'));
    }
}

}  // namespace
