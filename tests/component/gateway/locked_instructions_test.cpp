#include "gateway_world.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
#include <deque>
#include <sys/socket.h>
#include <ucontext.h>
#include <unistd.h>

// Sanitizers put instructions of their own in between.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CHAT_GATEWAY_STEPS 1
#else
#define CHAT_GATEWAY_STEPS 0
#endif

/// The way from the bus to the sockets takes no lock and touches no count that cores share for a
/// recipient: nothing that send() does not do by itself. On x86-64 both need an instruction that
/// locks a cache line (an uncontended mutex and a shared_ptr's count included): the processor stops
/// behind each instruction of the shard's thread, and those are counted.
namespace chat_gateway::tests {
namespace {

std::atomic<std::uint64_t> steps{0};
std::atomic<std::uint64_t> locked{0};

#if CHAT_GATEWAY_STEPS
/// The instruction has a lock prefix, or is an exchange with memory, which locks without one.
bool is_locked(const std::uint8_t* at) {
    const auto is_prefix = [](std::uint8_t b) {
        return b == 0x66 || b == 0xF2 || b == 0xF3 || b == 0x2E || b == 0x3E || b == 0x64;
    };
    while (is_prefix(*at))
        ++at;
    if (*at == 0xF0) return true;
    if ((*at & 0xF0) == 0x40) ++at;  // REX
    const bool is_exchange = *at == 0x86 || *at == 0x87;
    return is_exchange && at[1] >> 6 != 3;
}

void on_step(int, siginfo_t*, void* context) {
    const auto* here = static_cast<const ucontext_t*>(context);
    const auto next = static_cast<std::uintptr_t>(here->uc_mcontext.gregs[REG_RIP]);
    steps.fetch_add(1, std::memory_order_relaxed);
    if (is_locked(reinterpret_cast<const std::uint8_t*>(next)))
        locked.fetch_add(1, std::memory_order_relaxed);
}

/// Of the calling thread, from here on.
__attribute__((noinline)) void step(bool on) {
    constexpr std::uint64_t trap_flag = 0x100;
    std::uint64_t flags = __builtin_ia32_readeflags_u64();
    flags = on ? flags | trap_flag : flags & ~trap_flag;
    __builtin_ia32_writeeflags_u64(flags);
}
#else
void step(bool) {}
#endif

class LockedInstructions : public ::testing::Test {
protected:
    void SetUp() override {
        if (!CHAT_GATEWAY_STEPS) GTEST_SKIP() << "for x86-64 without sanitizers";
#if CHAT_GATEWAY_STEPS
        struct sigaction action {};
        action.sa_sigaction = on_step;
        action.sa_flags = SA_SIGINFO;
        ASSERT_EQ(::sigaction(SIGTRAP, &action, &before_), 0);
#endif
    }
    void TearDown() override {
#if CHAT_GATEWAY_STEPS
        ::sigaction(SIGTRAP, &before_, nullptr);
#endif
    }

    /// Of the shard's thread, for one message to a room.
    static std::uint64_t of_fan_out(std::size_t members) {
        gateway_world world({.shards = 1});
        std::deque<page> pages;
        for (std::size_t n = 0; n < members; ++n) {
            pages.emplace_back(world, world.log_in(std::to_string(n), {"room"})).connected();
        }
        const auto send = [&] {
            world.with_stores([&](gateway_world::stores& s) {
                s.bus.inject({{.packet = gateway_world::event("m"), .rooms = {"room"}}});
            });
            for (page& p : pages)
                EXPECT_EQ(p.wire.frame().payload, "42[\"m\"]");
        };
        send();  // what is kept for later is taken now
        world.on_each([](gateway::shard&) {
            steps = locked = 0;
            step(true);
        });
        send();
        world.on_each([](gateway::shard&) { step(false); });
        return locked;
    }

    /// Of one send() and nothing else: the C library notes in its thread's own memory that the call
    /// may be cancelled.
    static std::uint64_t of_bare_send() {
        gateway_world world({.shards = 1});  // with one thread only it would not
        int pair[2] = {-1, -1};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        const char byte = 'x';
        locked = 0;
        step(true);
        const ssize_t sent = ::send(pair[0], &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        step(false);
        EXPECT_EQ(sent, 1);
        ::close(pair[0]);
        ::close(pair[1]);
        return locked;
    }

    struct sigaction before_ {};
};

TEST_F(LockedInstructions, AreNoneForARecipientButThoseOfItsSend) {
    const auto for_a_send = of_bare_send();
    const auto for_few = of_fan_out(3);
    const auto steps_for_few = steps.load();
    const auto for_many = of_fan_out(100);
    EXPECT_GT(for_few, 0U) << "a message does take a lock between loops, so the count works";
    EXPECT_GT(steps, steps_for_few + 97 * 50) << "the way to each recipient was walked";
    // The end of the room may be read before the loop has come to its end of the tick.
    EXPECT_LE(for_many, for_few + 97 * for_a_send + 48)
        << "100 recipients instead of 3; a send() by itself takes " << for_a_send;
}

}  // namespace
}  // namespace chat_gateway::tests
