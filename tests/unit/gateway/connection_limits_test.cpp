#include <chat_gateway/gateway/connection_limits.hpp>

#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

namespace chat_gateway::gateway {
namespace {

using namespace std::chrono_literals;
using place_ptr = std::unique_ptr<connection_limits::place>;

class ConnectionLimits : public testing::Test {
protected:
    void limit(limit_options o) { limits = std::make_shared<connection_limits>(o); }
    void expect_in(std::optional<std::uint64_t> network, time_point now = begin) {
        auto r = limits->enter(network, now);
        ASSERT_TRUE(std::holds_alternative<place_ptr>(r));
        places.push_back(std::get<place_ptr>(std::move(r)));
    }
    void expect_out(std::optional<std::uint64_t> network, limit_met why, time_point now = begin) {
        const auto r = limits->enter(network, now);
        ASSERT_TRUE(std::holds_alternative<limit_met>(r));
        EXPECT_EQ(std::get<limit_met>(r), why);
    }

    static constexpr time_point begin{1h};
    std::shared_ptr<connection_limits> limits;
    std::vector<place_ptr> places;
};

TEST_F(ConnectionLimits, InAll) {
    limit({.connections = 2});
    expect_in(1);
    expect_in(std::nullopt);
    expect_out(3, limit_met::connections);
    places.pop_back();
    expect_in(4);
    EXPECT_EQ(limits->connections(), 2U);
    EXPECT_EQ(limits->known_addresses(), 0U) << "nobody asked for them";
}

TEST_F(ConnectionLimits, OfAnAddress) {
    limit({.connections_per_address = 2});
    expect_in(1);
    expect_in(1);
    expect_out(1, limit_met::connections_per_address);
    expect_in(2);
    for (int n = 0; n < 5; ++n)
        expect_in(std::nullopt);
    EXPECT_EQ(limits->known_addresses(), 2U);
    places.clear();
    EXPECT_EQ(limits->known_addresses(), 0U);
    EXPECT_EQ(limits->connections(), 0U) << "those that were refused count no more";
}

TEST_F(ConnectionLimits, OfHandshakesFromAnAddress) {
    limit({.handshakes_per_address_per_s = 2});
    for (int n = 0; n < 4; ++n)
        expect_in(1);
    places.clear();
    expect_out(1, limit_met::handshakes_per_address);
    expect_in(2);
    expect_in(1, begin + 500ms);
    expect_out(1, limit_met::handshakes_per_address, begin + 500ms);
}

TEST_F(ConnectionLimits, OfAUser) {
    limit({.connections_per_user = 1});
    expect_in(1);
    expect_in(2);
    EXPECT_TRUE(places[0]->belongs_to("ann"));
    EXPECT_FALSE(places[1]->belongs_to("ann"));
    places.clear();
    expect_in(1);
    expect_in(2);
    EXPECT_TRUE(places[0]->belongs_to("ann"));
    EXPECT_TRUE(places[1]->belongs_to("bob"));
}

TEST_F(ConnectionLimits, ForgetIdleAddresses) {
    limit({.handshakes_per_address_per_s = 1});
    for (std::uint64_t network = 0; network < 1000; ++network)
        expect_in(network);
    places.erase(places.begin(), places.begin() + 999);
    EXPECT_EQ(limits->known_addresses(), 1000U);
    for (std::uint64_t network = 10000; network < 11000; ++network)
        expect_in(network, begin + 1min);
    EXPECT_EQ(limits->known_addresses(), 1001U) << "the one that is connected among them";
}

TEST_F(ConnectionLimits, KeepOnlySoManyIdleAddresses) {
    limit({.handshakes_per_address_per_s = 1});
    expect_in(1);
    for (std::uint64_t network = 1000; network < 300'000; ++network) {
        expect_in(network);
        places.pop_back();
        if (network % 1000 != 0) continue;
        ASSERT_LE(limits->known_addresses(), connection_limits::max_idle_addresses + 1);
    }
    expect_in(1);
    expect_out(1, limit_met::handshakes_per_address);
}

TEST_F(ConnectionLimits, CountOverAllThreads) {
    limit({.connections = 100,
           .connections_per_address = 100,
           .connections_per_user = 100,
           .handshakes_per_address_per_s = 1'000'000});
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([this] {
            for (std::uint64_t n = 0; n < 5000; ++n) {
                auto r = limits->enter(n % 3, begin);
                if (auto* p = std::get_if<place_ptr>(&r)) {
                    EXPECT_TRUE((*p)->belongs_to("ann"));
                }
            }
        });
    }
    for (auto& t : threads)
        t.join();
    EXPECT_EQ(limits->connections(), 0U);
    for (int n = 0; n < 100; ++n)
        expect_in(7);
    expect_out(8, limit_met::connections);
}

}  // namespace
}  // namespace chat_gateway::gateway
