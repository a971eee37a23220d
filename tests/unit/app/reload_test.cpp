#include "reload.hpp"

#include "support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace chat_gateway::app {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Reload : testing::Test {
    void write(const std::string& text) const { std::ofstream(path) << text; }
    reload_plan plan() const {
        return plan_reload(running, {.config_file = path, .variables = variables});
    }
    /// What a start with the file as it is would run with.
    void start(const std::string& text) {
        write(text);
        running = load_config({.file = config_file{path, text}, .variables = variables}).values;
    }

    tests::temporary_directory directory;
    std::string path = directory.file("chat-gateway.json");
    environment variables;
    settings running;
};

TEST_F(Reload, TheSameIsNoChange) {
    start(R"({"session": {"secrets": ["s"]}})");
    const auto p = plan();
    EXPECT_THAT(p.faults, IsEmpty());
    EXPECT_THAT(p.changed, IsEmpty());
    EXPECT_THAT(p.need_restart, IsEmpty());
}

TEST_F(Reload, NewValuesOfKeysThatMayChange) {
    start(R"({"session": {"secrets": ["old"]}})");
    write(R"({"session": {"secrets": ["new", "old"]}, "log": {"level": "debug"},
              "cors": {"origins": ["https://a.example"]}, "limits": {"connections_per_user": 3}})");
    const auto p = plan();
    EXPECT_THAT(p.changed, ElementsAre("cors.origins", "session.secrets",
                                       "limits.connections_per_user", "log.level"));
    EXPECT_THAT(p.need_restart, IsEmpty());
    EXPECT_THAT(p.values.session.secrets, ElementsAre("new", "old"));
    EXPECT_THAT(p.values.cors.origins, ElementsAre("https://a.example"));
    EXPECT_EQ(p.values.limits.connections_per_user, 3U);
    EXPECT_EQ(p.values.log.level, log::level::debug);
}

TEST_F(Reload, OtherKeysKeepTheirValueAndAreNamed) {
    start(R"({"session": {"secrets": ["s"]}})");
    write(
        R"({"session": {"secrets": ["s"]}, "server": {"port": 7777}, "limits": {"rooms_per_socket": 5}})");
    const auto p = plan();
    EXPECT_THAT(p.changed, ElementsAre("limits.rooms_per_socket"));
    EXPECT_THAT(p.need_restart, ElementsAre("server.port"));
    EXPECT_EQ(p.values.server.port, 7000);
    EXPECT_EQ(p.values.limits.rooms_per_socket, 5U);
}

TEST_F(Reload, FaultsAreToldAndNothingElseCounts) {
    start(R"({"session": {"secrets": ["s"]}})");
    write(R"({"session": {"secrets": []}, "limits": {"rooms_per_socket": 0}, "unknown": 1})");
    EXPECT_EQ(plan().faults.size(), 3U);
    write("{");
    EXPECT_THAT(plan().faults, Contains(HasSubstr("is not JSON")));
    std::remove(path.c_str());
    EXPECT_THAT(plan().faults, ElementsAre(HasSubstr("cannot be read")));
}

TEST_F(Reload, TheEnvironmentStaysOverTheFile) {
    variables = {{"SESSION_SECRET", "s"}};
    start("{}");
    write(R"({"session": {"secrets": ["other"]}})");
    EXPECT_THAT(plan().changed, IsEmpty());
}

TEST_F(Reload, TheDemoKeepsItsSecrets) {
    running = load_config({.demo = true}).values;
    const auto p = plan_reload(running, {});
    EXPECT_THAT(p.faults, IsEmpty());
    EXPECT_THAT(p.changed, IsEmpty());
    EXPECT_EQ(p.values.session.secrets, running.session.secrets);
}

}  // namespace
}  // namespace chat_gateway::app
