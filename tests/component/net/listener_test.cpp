#include <chat_gateway/net/event_loop.hpp>
#include <chat_gateway/net/listener.hpp>

#include <gtest/gtest.h>

#include <optional>

/// Who may have a TCP address, on the real network of this machine.
namespace chat_gateway::tests {
namespace {

using net::listen_address;
const auto in_use = boost::system::errc::address_in_use;

TEST(Listener, AnAddressThatIsReservedIsNobodyElsesBeforeAnybodyListens) {
    const auto first = listen_address::reserve("127.0.0.1", 0);
    ASSERT_TRUE(first) << first.error().message();
    // Another spelling for getaddrinfo: localhost may be ::1, which is another address.
    for (const auto* host : {"127.0.0.1", "0x7f000001"}) {
        const auto second = listen_address::reserve(host, first->port());
        ASSERT_FALSE(second) << host;
        EXPECT_EQ(second.error(), in_use) << host;
    }
}

TEST(Listener, KeepsItsAddressUntilItStops) {
    net::event_loop loop;
    std::optional<listen_address> where = listen_address::reserve("127.0.0.1", 0).value();
    const auto port = where->port();
    std::optional<net::listener> one(std::in_place, loop, *where, [](net::stream_socket) {});
    // The loops of a process share it.
    std::optional<net::listener> two(std::in_place, loop, *where, [](net::stream_socket) {});
    where.reset();
    EXPECT_EQ(listen_address::reserve("127.0.0.1", port).error(), in_use);
    one->stop();
    EXPECT_EQ(listen_address::reserve("127.0.0.1", port).error(), in_use);
    two->stop();
    EXPECT_TRUE(listen_address::reserve("127.0.0.1", port));
}

TEST(Listener, AnAddressIsFreeAgainWhenNothingCameOfIt) {
    const auto port = listen_address::reserve("127.0.0.1", 0)->port();
    EXPECT_TRUE(listen_address::reserve("127.0.0.1", port));
}

}  // namespace
}  // namespace chat_gateway::tests
