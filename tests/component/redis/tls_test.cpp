#include "redis_backend.hpp"
#include "subscriber.hpp"
#include "support/tls_certificates.hpp"

namespace chat_gateway::tests {
namespace {

class RedisTls : public ::testing::Test {
protected:
    static std::vector<std::string> with(const tls_certificates& c, std::string clients) {
        return {"--tls-cert-file",    c.file("server.pem"), "--tls-key-file",
                c.file("server.key"), "--tls-ca-cert-file", c.file("ca.pem"),
                "--tls-auth-clients", std::move(clients)};
    }
    static redis::url where(const redis_backend& backend) {
        auto u = backend.where();
        u.tls = true;
        u.ca_file = certificates_->file("ca.pem");
        return u;
    }
    static void SetUpTestSuite() { certificates_ = new tls_certificates; }
    static void TearDownTestSuite() {
        delete certificates_;
        certificates_ = nullptr;
    }
    static inline tls_certificates* certificates_ = nullptr;

    /// Whether one connection is made; it says why not in the log.
    static bool reaches(redis_backend& backend, redis::url u) {
        const auto answer = backend.ask(*backend.connect(std::move(u)), {"ECHO", "hello"});
        EXPECT_TRUE(answer ? answer->text == "hello" : answer.error() == errc::unavailable);
        return answer.has_value();
    }
};

TEST_F(RedisTls, CommandsPassBothWaysByAddressAndByName) {
    redis_backend backend(with(*certificates_, "no"), true);
    auto by_name = where(backend);
    by_name.host = "localhost";
    EXPECT_TRUE(reaches(backend, where(backend)));
    EXPECT_TRUE(reaches(backend, by_name));
    const auto c = backend.connect(where(backend));
    const std::string value(5'000'000, 'v');
    ASSERT_EQ(backend.ask(*c, {"SET", "big", value})->text, "OK");
    EXPECT_EQ(backend.ask(*c, {"GET", "big"})->text, value);
}

TEST_F(RedisTls, AnotherAuthoritysCertificateIsRefused) {
    redis_backend backend(with(*certificates_, "no"), true);
    auto other = where(backend);
    other.ca_file = certificates_->file("other.pem");
    EXPECT_FALSE(reaches(backend, other));
    other.ca_file.clear();  // the system does not know the test's authority
    EXPECT_FALSE(reaches(backend, other));
    other.ca_file = "/nowhere/ca.pem";
    EXPECT_FALSE(reaches(backend, other));
    EXPECT_TRUE(reaches(backend, where(backend)));
}

// 127.0.0.2 is the same server under an address that its certificate does not have.
TEST_F(RedisTls, ACertificateForAnotherHostIsRefused) {
    auto arguments = with(*certificates_, "no");
    arguments.insert(arguments.end(), {"--bind", "127.0.0.1 127.0.0.2"});
    redis_backend backend(arguments, true);
    auto elsewhere = where(backend);
    elsewhere.host = "127.0.0.2";
    EXPECT_FALSE(reaches(backend, elsewhere));
    EXPECT_TRUE(reaches(backend, where(backend)));
}

// It waits for the rest of what it takes for a command.
TEST_F(RedisTls, AServerWithoutItIsGivenUpInTime) {
    redis_backend backend;
    redis::connection_options o;
    o.link.connect_timeout = std::chrono::milliseconds(100);
    const auto c = std::make_shared<redis::connection>(backend.loop, where(backend), o);
    c->start();
    EXPECT_EQ(backend.ask(*c, {"PING"}).error(), errc::unavailable);
    c->stop();
}

TEST_F(RedisTls, ShowsItsOwnCertificateWhereItIsAskedFor) {
    redis_backend backend(with(*certificates_, "yes"), true);
    auto u = where(backend);
    EXPECT_FALSE(reaches(backend, u));
    u.certificate_file = certificates_->file("server.pem");
    u.key_file = certificates_->file("server.key");
    EXPECT_TRUE(reaches(backend, u));
}

TEST_F(RedisTls, ListensAndComesBack) {
    redis_backend backend(with(*certificates_, "no"), true);
    const auto c = backend.connect(where(backend));
    const auto listener = std::make_shared<redis::subscriber>(
        backend.loop, redis::always(where(backend)), redis::subscriber_options{});
    std::vector<std::string> heard;
    int gaps = 0;
    listener->start(
        [&](std::span<const redis::published> batch) {
            for (const auto& p : batch)
                heard.emplace_back(p.payload);
        },
        [&] { ++gaps; });
    bool subscribed = false;
    listener->subscribe({"channel"}, [&](result<> r) { subscribed = r.has_value(); });
    backend.run_until([&] { return subscribed; });
    const std::string large(100'000, 'x');  // several records of TLS
    EXPECT_EQ(backend.ask(*c, {"PUBLISH", "channel", large})->integer, 1);
    backend.run_until([&] { return !heard.empty(); });
    EXPECT_EQ(heard, std::vector{large});
    backend.stop_server(*c);
    backend.server.start();
    backend.run_until([&] { return gaps == 2; });
    backend.wait_until_back(*c);
    EXPECT_EQ(backend.ask(*c, {"PUBLISH", "channel", "again"})->integer, 1);
    backend.run_until([&] { return heard.size() == 2; });
    EXPECT_EQ(heard.back(), "again");
    listener->stop();
}

}  // namespace
}  // namespace chat_gateway::tests
