#include "engine_world.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

/// What an engine says of its traffic.
namespace chat_gateway::tests {
namespace {

/// Figures are counted behind what a client sees, or at the end of the tick.
template <class Condition>
bool soon(Condition holds) {
    for (int n = 0; n < 1000; ++n) {
        if (holds()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

TEST(EngineCounts, PacketsAndBytesByTransport) {
    engine_world world;
    const auto& c = world.counts();
    websocket_client socket(world.port());
    world.with_session(socket.sid, [](server::engine&, slot_handle) {});
    const auto opened = c.websocket.bytes_out.load();
    EXPECT_GT(opened, 100U);  // 101 and the open packet
    world.tell(socket.sid, "hello");
    EXPECT_EQ(socket.wire.frame(), text_of("4hello"));
    EXPECT_EQ(c.websocket.packets_out.load(), 1U);
    EXPECT_TRUE(soon([&] { return c.websocket.bytes_out.load() == opened + 2 + 6; }));

    const polling_client poller(world.port());
    EXPECT_EQ(poller
                  .post("4one\x1e"
                        "4two")
                  .body,
              "ok");
    EXPECT_EQ(c.polling.packets_in.load(), 2U);
    EXPECT_EQ(c.polling.bytes_in.load(), 9U);
    world.with_session(poller.sid, [](server::engine&, slot_handle) {});
    const auto before = c.polling.bytes_out.load();
    EXPECT_EQ(poller.get().body,
              "4one\x1e"
              "4two");  // the echo
    EXPECT_EQ(c.polling.bytes_out.load(), before + 9);
    EXPECT_EQ(c.websocket.packets_in.load(), 0U);
}

TEST(EngineCounts, QueuesOfWhoDoesNotRead) {
    engine_world world({.send_queue_bytes = std::size_t{64} << 20});
    const auto& c = world.counts();
    websocket_client slow(world.port(), 4096);
    const server::wire_bytes large = server::wire_bytes::message(std::string(1 << 20, 'x'));
    const auto send_some = [&] {
        world.with_session(slow.sid, [&](server::engine& e, slot_handle h) {
            for (int n = 0; n < 16; ++n)
                e.send(h, server::wire_ref(large));
        });
    };
    send_some();
    EXPECT_TRUE(soon([&] { return c.queued_bytes.load() > std::uint64_t{4} << 20; }));
    EXPECT_EQ(c.blocked.load(), 1U);
    const auto first = c.queued_bytes.load();
    send_some();
    EXPECT_TRUE(soon([&] { return c.queued_bytes.load() > first + (std::uint64_t{12} << 20); }));
    for (int n = 0; n < 32; ++n)
        EXPECT_EQ(slow.wire.frame().payload.size(), 1U + (1 << 20));
    EXPECT_TRUE(soon([&] { return c.blocked.load() == 0; }));
    EXPECT_EQ(c.queued_bytes.load(), 0U);

    send_some();
    EXPECT_TRUE(soon([&] { return c.queued_bytes.load() > std::uint64_t{4} << 20; }));
    world.close(slow.sid, engineio::close_reason::slow_consumer);
    EXPECT_EQ(c.blocked.load(), 0U);
    EXPECT_EQ(c.queued_bytes.load(), 0U);
}

TEST(EngineCounts, UpgradesThatFail) {
    engine_world world;
    const auto& c = world.counts();
    const polling_client poller(world.port());
    const std::string target = websocket_path + ("&sid=" + poller.sid);
    {
        raw_client candidate(world.port());
        EXPECT_EQ(candidate.upgrade(target).status, 101U);
        raw_client second(world.port());
        EXPECT_EQ(second.upgrade(target).status, 101U);  // and closed at once
        EXPECT_EQ(second.frame(), empty_close());
        EXPECT_EQ(c.upgrades_refused.load(), 1U);
    }
    for (int n = 0; n < 200 && c.upgrades_lost.load() == 0; ++n)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(c.upgrades_lost.load(), 1U);
    raw_client garbage(world.port());
    EXPECT_EQ(garbage.upgrade(target).status, 101U);
    garbage.text("4no probe");
    EXPECT_EQ(garbage.frame(), empty_close());
    EXPECT_EQ(c.upgrades_given_up.load(), 1U);
}

}  // namespace
}  // namespace chat_gateway::tests
