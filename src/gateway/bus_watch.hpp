#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/chat/ports/message_bus.hpp>
#include <chat_gateway/gateway/metrics.hpp>

#include <chrono>
#include <cstdint>
#include <memory>

namespace chat_gateway::gateway {

/// Sends something round the bus every few seconds, to know that it is heard and how long it takes:
/// a subscription that is open but brings nothing looks like a quiet evening otherwise. Lives on
/// the services loop.
class bus_watch {
public:
    static constexpr std::chrono::seconds interval{5};

    bus_watch(scheduler& timers, chat::message_bus& bus, metrics_block& counts);
    ~bus_watch();
    bus_watch(const bus_watch&) = delete;
    bus_watch& operator=(const bus_watch&) = delete;

private:
    void probe();
    void on_answer(std::uint64_t number, result<> outcome);
    void note(bool heard);

    scheduler& timers_;
    chat::message_bus& bus_;
    metrics_block& counts_;
    scheduler::timer_id timer_ = 0;
    std::uint64_t number_ = 0;  ///< of the probe under way
    bool answered_ = true;
    bool silent_ = false;
    time_point sent_;
    std::shared_ptr<bus_watch*> self_;  ///< an answer may come after the end
};

}  // namespace chat_gateway::gateway
