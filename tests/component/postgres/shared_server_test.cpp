#include "shared_server.hpp"

#include <gtest/gtest.h>

#include <memory>

/// libpqxx 6.4 loses the result of the statement during which a connection breaks: it asks the
/// connection for its encoding first, and that throws. (About 2 KB for each broken
/// connection; 7.x does not.)
extern "C" const char* __lsan_default_suppressions() {
    return "leak:pqxx::connection_base::exec_params";
}

namespace chat_gateway::tests {
namespace {

std::unique_ptr<postgres_server>& server() {
    static std::unique_ptr<postgres_server> instance;
    return instance;
}

class server_environment final : public testing::Environment {
public:
    void TearDown() override { server().reset(); }
};

const auto* const environment = testing::AddGlobalTestEnvironment(new server_environment);

}  // namespace

postgres_server& shared_server() {
    if (!server()) server() = std::make_unique<postgres_server>();
    return *server();
}

TEST(shared_server, answers) {
    ASSERT_NE(environment, nullptr);
    EXPECT_EQ(shared_server().execute("select 6 * 7"), "42\n");
}

}  // namespace chat_gateway::tests
