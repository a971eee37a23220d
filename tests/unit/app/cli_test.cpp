#include <chat_gateway/app/cli.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace chat_gateway::app;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const environment secret{{"SESSION_SECRET", "hidden"}};

cli_result run(std::vector<const char*> arguments, const environment& variables = secret) {
    return run_cli(arguments, variables);
}

/// A file of its own, gone with the test.
class scratch_file {
public:
    explicit scratch_file(const std::string& text) : path_(testing::TempDir() + "cli_test_XXXXXX") {
        const int descriptor = mkstemp(path_.data());
        if (descriptor < 0) throw std::runtime_error("no temporary file");
        close(descriptor);
        std::ofstream(path_) << text;
    }
    scratch_file(const scratch_file&) = delete;
    scratch_file& operator=(const scratch_file&) = delete;
    ~scratch_file() { std::filesystem::remove(path_); }
    [[nodiscard]] const char* path() const { return path_.c_str(); }

private:
    std::string path_;
};

TEST(Cli, WithoutArgumentsServes) {
    const auto r = run({});
    EXPECT_EQ(r.exit_code, std::nullopt);
    EXPECT_THAT(r.out, IsEmpty());
    EXPECT_THAT(r.err, IsEmpty());
    EXPECT_EQ(r.values.session.secrets, std::vector<std::string>{"hidden"});
}

TEST(Cli, BadConfigurationLeavesWithOneLinePerFault) {
    const auto r = run({}, {{"PORT", "x"}, {"CHAT_GATEWAY_LOG_LEVEL", "y"}});
    EXPECT_EQ(r.exit_code, 1);
    EXPECT_THAT(r.out, IsEmpty());
    EXPECT_EQ(std::ranges::count(r.err, '\n'), 3);
    EXPECT_THAT(r.err, HasSubstr("server.port: \"x\""));
    EXPECT_THAT(r.err, HasSubstr("\nlog.level: \"y\""));
    EXPECT_THAT(r.err, HasSubstr("\nsession.secrets: is required"));
}

TEST(Cli, DemoNeedsNothing) {
    const auto r = run({"--demo"}, {});
    EXPECT_EQ(r.exit_code, std::nullopt);
    EXPECT_TRUE(r.values.demo);
}

TEST(Cli, ReadsTheFile) {
    const scratch_file file(R"({"server": {"port": 8123}, "limits": {"connections_per_ip": 5}})");
    for (const auto& arguments : {std::vector<const char*>{"--config", file.path()},
                                  std::vector<const char*>{"--demo", "--config", file.path()}}) {
        const auto r = run(arguments);
        EXPECT_EQ(r.exit_code, std::nullopt);
        EXPECT_EQ(r.values.server.port, 8123);
        EXPECT_EQ(r.values.limits.connections_per_ip, 5U);
    }
    const auto joined = std::string("--config=") + file.path();
    EXPECT_EQ(run({joined.c_str()}).values.server.port, 8123);
}

TEST(Cli, AFileThatCannotBeReadIsAFault) {
    const auto missing = run({"--config", "/no/such/file.json"});
    EXPECT_EQ(missing.exit_code, 1);
    EXPECT_THAT(missing.err,
                StartsWith("/no/such/file.json: cannot be read: No such file or directory;"));
    const auto folder = run({"--check-config", "--config", "/"});
    EXPECT_EQ(folder.exit_code, 1);
    EXPECT_THAT(folder.err, StartsWith("/: cannot be read: Is a directory;"));
    const scratch_file large(std::string(1'048'577, ' '));
    EXPECT_THAT(run({"--config", large.path()}).err, HasSubstr(": cannot be read: too large;"));
}

TEST(Cli, CheckConfigOfAGoodOneIsSilent) {
    const auto r = run({"--check-config"});
    EXPECT_EQ(r.exit_code, 0);
    EXPECT_THAT(r.out, IsEmpty());
    EXPECT_THAT(r.err, IsEmpty());
}

TEST(Cli, CheckConfigTellsWarnings) {
    const auto r =
        run({"--check-config"}, {{"SESSION_SECRET", "s"}, {"CHAT_GATEWAY_SERVER_PROT", "1"}});
    EXPECT_EQ(r.exit_code, 0);
    EXPECT_EQ(r.err,
              "warning: CHAT_GATEWAY_SERVER_PROT: is not a known variable "
              "(docs/configuration.md lists them)\n");
}

TEST(Cli, CheckConfigWarnsOfAnOpenPrivateListener) {
    const auto with = [](const std::string& host, const std::string& token) {
        return run({"--check-config"}, {{"SESSION_SECRET", "s"},
                                        {"CHAT_GATEWAY_ADMIN_HOST", host},
                                        {"CHAT_GATEWAY_ADMIN_TOKEN", token}});
    };
    for (const auto* host : {"0.0.0.0", "::", "10.0.0.1", "gateway.internal"}) {
        const auto open = with(host, "");
        EXPECT_EQ(open.exit_code, 0) << host;
        EXPECT_THAT(open.err, StartsWith("warning: admin.host: \"" + std::string(host) +
                                         "\" is no loopback address, and admin.token is empty"));
        EXPECT_THAT(with(host, "token").err, IsEmpty()) << host;
    }
    for (const auto* host : {"127.0.0.1", "127.8.0.1", "::1", "localhost"})
        EXPECT_THAT(with(host, "").err, IsEmpty()) << host;
}

TEST(Cli, CheckConfigTellsFaults) {
    const auto r = run({"--check-config"}, {});
    EXPECT_EQ(r.exit_code, 1);
    EXPECT_THAT(r.err, StartsWith("session.secrets: is required;"));
}

TEST(Cli, PrintConfigIsJsonWithoutSecrets) {
    const auto r = run({"--print-config"});
    EXPECT_EQ(r.exit_code, 0);
    EXPECT_THAT(r.out, Not(HasSubstr("hidden")));
    const auto all = nlohmann::json::parse(r.out, nullptr, false);
    ASSERT_TRUE(all.is_object());
    EXPECT_EQ(all["session"]["secrets"][0], "***");
}

TEST(Cli, PrintConfigShowsWhatDemoMakesOfIt) {
    const auto all =
        nlohmann::json::parse(run({"--print-config", "--demo"}, {}).out, nullptr, false);
    ASSERT_TRUE(all.is_object());
    EXPECT_EQ(all["session"]["store"], "memory");
    EXPECT_EQ(all["session"]["secrets"], nlohmann::json({"***"}));
}

TEST(Cli, PrintConfigWarnsOfWhatIsMissing) {
    const auto r = run({"--print-config"}, {{"PORT", "8123"}});
    EXPECT_EQ(r.exit_code, 0);
    EXPECT_THAT(r.err, StartsWith("warning: session.secrets: is required;"));
    const auto all = nlohmann::json::parse(r.out, nullptr, false);
    ASSERT_TRUE(all.is_object());
    EXPECT_EQ(all["session"]["secrets"], nlohmann::json::array());
    EXPECT_EQ(all["server"]["port"], 8123);
}

TEST(Cli, PrintConfigTellsFaultsInstead) {
    const auto r = run({"--print-config"}, {{"PORT", "x"}});
    EXPECT_EQ(r.exit_code, 1);
    EXPECT_THAT(r.out, IsEmpty());
    EXPECT_THAT(r.err, StartsWith("server.port:"));
    EXPECT_EQ(run({"--print-config", "--check-config"}, {}).exit_code, 1);
}

TEST(Cli, PrintConfigShowsTheQueriesThatAreAsked) {
    for (const environment& variables :
         {secret, environment{{"SESSION_SECRET", "s"},
                              {"CHAT_GATEWAY_POSTGRES_QUERIES_CHATS_OF_USERS", ""}}}) {
        const auto all =
            nlohmann::json::parse(run({"--print-config"}, variables).out, nullptr, false);
        ASSERT_TRUE(all.is_object());
        const auto& queries = all["postgres"]["queries"];
        EXPECT_EQ(queries["chats_of_users"],
                  "select user_id::text, chat_id::text from chat_participants "
                  "where user_id = any($1)");
        EXPECT_THAT(queries["can_view_chat"].get<std::string>(), StartsWith("select exists"));
        EXPECT_EQ(queries["active_users"], "");
    }
}

TEST(Cli, CheckConfigTellsOfAPostgresUrlThatCannotWorkWithoutItsPassword) {
    const auto r = run({"--check-config"}, {{"SESSION_SECRET", "s"},
                                            {"DATABASE_URL", "postgresql://u:hidden@h:port/db"}});
    EXPECT_EQ(r.exit_code, 1);
    EXPECT_THAT(r.err, StartsWith("postgres.url: the value has a port that is no number"));
    EXPECT_THAT(r.err, HasSubstr("(from DATABASE_URL)"));
    EXPECT_THAT(r.err, Not(HasSubstr("hidden")));
    EXPECT_EQ(
        run({}, {{"SESSION_SECRET", "s"}, {"DATABASE_URL", "postgresql://h:port/db"}}).exit_code,
        1);
}

TEST(Cli, VersionAndHelpNeedNoConfiguration) {
    const auto version = run({"--version"}, {});
    EXPECT_EQ(version.exit_code, 0);
    EXPECT_THAT(version.out, testing::MatchesRegex("chat-gateway [0-9]+\\.[0-9]+\\.[0-9]+\n"));
    const auto help = run({"--help"}, {});
    EXPECT_EQ(help.exit_code, 0);
    for (const auto* flag :
         {"--config FILE", "--demo", "--check-config", "--print-config", "--version", "--help"}) {
        EXPECT_THAT(help.out, HasSubstr(flag));
    }
}

TEST(Cli, RefusesWhatItDoesNotKnow) {
    for (const auto* argument : {"--bogus", "-h", "file.json", "", "--demo=1"}) {
        const auto r = run({"--demo", argument});
        EXPECT_EQ(r.exit_code, 1) << argument;
        EXPECT_THAT(r.out, IsEmpty());
        EXPECT_THAT(r.err,
                    StartsWith("chat-gateway: unknown argument " + std::string(argument) + "\n"));
        EXPECT_THAT(r.err, HasSubstr("Usage:"));
    }
}

TEST(Cli, ConfigNeedsAFile) {
    const auto r = run({"--config"});
    EXPECT_EQ(r.exit_code, 1);
    EXPECT_THAT(r.err, StartsWith("chat-gateway: --config needs a file\n"));
}

}  // namespace
