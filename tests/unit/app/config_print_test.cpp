#include <chat_gateway/app/config_print.hpp>
#include <chat_gateway/app/config_table.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace {

using namespace chat_gateway::app;
using nlohmann::json;

json printed(const settings& values) {
    return json::parse(print_config(values), nullptr, false);
}

TEST(PrintConfig, HasEveryKeyAtItsPath) {
    const auto all = printed({});
    ASSERT_TRUE(all.is_object());
    for (const auto& key : config_keys()) {
        std::string pointer = "/";
        for (const char c : key.path)
            pointer += c == '.' ? '/' : c;
        EXPECT_TRUE(all.contains(json::json_pointer(pointer))) << key.path;
    }
}

TEST(PrintConfig, KeepsTheKindOfEachValue) {
    settings values;
    values.server.port = 8080;
    values.engine.transports = {"websocket"};
    values.log.level = chat_gateway::log::level::debug;
    const auto all = printed(values);
    EXPECT_EQ(all["server"]["port"], 8080);
    EXPECT_EQ(all["engine"]["transports"], json({"websocket"}));
    EXPECT_EQ(all["engine"]["compression"], false);
    EXPECT_EQ(all["log"]["level"], "debug");
    EXPECT_EQ(all["postgres"]["queries"]["active_users"], "");
}

TEST(PrintConfig, HidesSecrets) {
    settings values;
    values.session.secrets = {"hidden-1", "hidden-2"};
    values.admin.token = "hidden-3";
    values.redis.url = "redis://bob:hidden-4@h/1";
    values.postgres.url = "postgresql://bob:hidden-5@h/db";
    EXPECT_EQ(print_config(values).find("hidden"), std::string::npos);
    const auto all = printed(values);
    EXPECT_EQ(all["session"]["secrets"], json({"***", "***"}));
    EXPECT_EQ(all["admin"]["token"], "***");
    EXPECT_EQ(all["redis"]["url"], "redis://bob:***@h/1");
    EXPECT_EQ(all["postgres"]["url"], "postgresql://bob:***@h/db");
}

TEST(PrintConfig, ShowsThatThereIsNoToken) {
    EXPECT_EQ(printed({})["admin"]["token"], "");
}

TEST(PrintConfig, EndsWithALineBreak) {
    EXPECT_TRUE(print_config({}).ends_with("}\n"));
}

}  // namespace
