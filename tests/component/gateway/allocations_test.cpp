#include "gateway_world.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <deque>
#include <new>

// Sanitizers count on their own operator new.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CHAT_GATEWAY_COUNTS_ALLOCATIONS 0
#else
#define CHAT_GATEWAY_COUNTS_ALLOCATIONS 1
#endif

namespace {
thread_local std::uint64_t allocations_here = 0;
}  // namespace

#if CHAT_GATEWAY_COUNTS_ALLOCATIONS
void* operator new(std::size_t size) {
    ++allocations_here;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
#endif

/// The way from the bus to the sockets costs no allocation for a recipient.
namespace chat_gateway::tests {
namespace {

constexpr int rounds = 20;

/// Of the shard's thread, for `rounds` messages to a room, `burst` of them in one read of the bus.
std::uint64_t allocations_of_fan_out(std::size_t members, std::size_t burst) {
    gateway_world world({.shards = 1});
    std::deque<page> pages;
    for (std::size_t n = 0; n < members; ++n) {
        pages.emplace_back(world, world.log_in(std::to_string(n), {"room"})).connected();
    }
    const std::vector<socketio::cluster::message> messages(
        burst, {.packet = gateway_world::event("m"), .rooms = {"room"}});
    const auto send = [&] {
        world.with_stores([&](gateway_world::stores& s) { s.bus.inject(messages); });
        for (page& p : pages) {
            for (std::size_t n = 0; n < burst; ++n)
                EXPECT_EQ(p.wire.frame().payload, "42[\"m\"]");
        }
    };
    const auto so_far = [&] {
        std::uint64_t count = 0;
        world.on_each([&](gateway::shard&) { count = allocations_here; });
        return count;
    };
    send();  // what is kept for later is taken now
    const auto before = so_far();
    for (int n = 0; n < rounds; ++n)
        send();
    return so_far() - before;
}

TEST(FanOut, AllocatesNothingForARecipient) {
    if (!CHAT_GATEWAY_COUNTS_ALLOCATIONS) GTEST_SKIP() << "sanitizers allocate by themselves";
    const auto for_few = allocations_of_fan_out(3, 1);
    const auto for_many = allocations_of_fan_out(150, 1);
    // Waiting for readiness may take a node of Asio's now and then, whoever is written to.
    EXPECT_LE(for_many, for_few + rounds) << "150 recipients instead of 3";
    EXPECT_GT(for_few, 0U) << "a message does allocate, so the count works";
}

TEST(FanOut, AllocatesNothingForARecipientOfMany) {
    if (!CHAT_GATEWAY_COUNTS_ALLOCATIONS) GTEST_SKIP() << "sanitizers allocate by themselves";
    const auto for_few = allocations_of_fan_out(3, 30);
    const auto for_many = allocations_of_fan_out(150, 30);
    EXPECT_LE(for_many, for_few + rounds) << "150 recipients instead of 3, 30 messages at a time";
}

}  // namespace
}  // namespace chat_gateway::tests
