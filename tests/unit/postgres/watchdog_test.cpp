#include "watchdog.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <sys/socket.h>
#include <unistd.h>

namespace chat_gateway::postgres {
namespace {

using namespace std::chrono_literals;

struct socket_pair {
    socket_pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0); }
    ~socket_pair() {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    std::array<int, 2> ends{};
};

TEST(watchdog, ends_a_wait_that_lasts_too_long) {
    watchdog dog;
    socket_pair sockets;
    const auto watch = dog.watch(sockets.ends[0], steady_clock::now() + 5ms);
    char byte = 0;
    EXPECT_EQ(::read(sockets.ends[0], &byte, 1), 0) << "the read ends because the socket is shut";
    EXPECT_TRUE(dog.unwatch(watch));
}

TEST(watchdog, leaves_alone_what_is_not_overdue_or_no_longer_watched) {
    watchdog dog;
    socket_pair patient, released, overdue;
    const auto far = dog.watch(patient.ends[0], steady_clock::now() + 1h);
    EXPECT_FALSE(dog.unwatch(dog.watch(released.ends[0], steady_clock::now() + 1h)));
    const auto near = dog.watch(overdue.ends[0], steady_clock::now());
    char byte = 0;
    EXPECT_EQ(::read(overdue.ends[0], &byte, 1), 0);
    EXPECT_TRUE(dog.unwatch(near));
    EXPECT_FALSE(dog.unwatch(far));
    for (const auto* pair : {&patient, &released}) {
        EXPECT_EQ(::write(pair->ends[0], "x", 1), 1);
    }
}

TEST(watchdog, watches_the_earliest_first_whatever_the_order) {
    watchdog dog;
    socket_pair later, sooner;
    const auto second = dog.watch(later.ends[0], steady_clock::now() + 1h);
    const auto first = dog.watch(sooner.ends[0], steady_clock::now() + 5ms);
    char byte = 0;
    EXPECT_EQ(::read(sooner.ends[0], &byte, 1), 0);
    EXPECT_TRUE(dog.unwatch(first));
    EXPECT_FALSE(dog.unwatch(second));
}

}  // namespace
}  // namespace chat_gateway::postgres
