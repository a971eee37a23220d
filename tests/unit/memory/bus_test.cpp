#include "support/manual_scheduler.hpp"
#include "support/ports/message_bus_contract.hpp"

#include <chat_gateway/memory/memory.hpp>

namespace chat_gateway::tests {
namespace {

class memory_backend {
public:
    static constexpr bool brings_all_rooms = false;
    static constexpr bool has_all_rooms = true;
    chat::message_bus& node(std::size_t i) { return *nodes_.at(i); }
    void go_away() { memory::set_available(*hub_, false); }
    void come_back() { memory::set_available(*hub_, true); }
    void run_until(const std::function<bool()>&) { timers_.run(); }

private:
    manual_scheduler timers_;
    std::shared_ptr<memory::bus_hub> hub_ = memory::make_bus_hub();
    std::array<std::unique_ptr<chat::message_bus>, 2> nodes_{memory::make_bus(timers_, hub_),
                                                             memory::make_bus(timers_, hub_)};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, MessageBusContract, memory_backend);

TEST(MemoryBus, WhatIsPublishedInOneTurnIsOneBatch) {
    manual_scheduler timers;
    const auto hub = memory::make_bus_hub();
    const auto bus = memory::make_bus(timers, hub);
    std::vector<std::size_t> batches;
    bus->start({.messages = [&](auto batch) { batches.push_back(batch.size()); }});
    bus->publish({room_message({}, "1")}, [](auto) {});
    bus->publish({room_message({}, "2"), room_message({}, "3")}, [](auto) {});
    timers.run();
    EXPECT_EQ(batches, std::vector<std::size_t>{3});
}

TEST(MemoryBus, ABusThatIsGoneGetsNothingAndItsWaitersAreTold) {
    manual_scheduler timers;
    const auto hub = memory::make_bus_hub();
    auto gone = memory::make_bus(timers, hub);
    const auto other = memory::make_bus(timers, hub);
    int received = 0;
    gone->start({.messages = [&](auto) { ++received; }});
    other->publish({room_message({}, "on its way")}, [](auto) {});
    memory::set_available(*hub, false);
    std::optional<result<>> waiter;
    gone->subscribe({"r1"}, [&](result<> r) { waiter = r; });
    gone.reset();
    EXPECT_FALSE(waiter.has_value());
    timers.run();
    EXPECT_EQ(received, 0);
    ASSERT_TRUE(waiter);
    ASSERT_FALSE(waiter->has_value());
    EXPECT_EQ(waiter->error(), errc::closed);
}

}  // namespace
}  // namespace chat_gateway::tests
