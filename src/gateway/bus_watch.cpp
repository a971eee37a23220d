#include "bus_watch.hpp"

#include <chat_gateway/base/log.hpp>

#include <utility>

namespace chat_gateway::gateway {

bus_watch::bus_watch(scheduler& timers, chat::message_bus& bus, metrics_block& counts)
    : timers_(timers), bus_(bus), counts_(counts), self_(std::make_shared<bus_watch*>(this)) {
    timer_ = timers_.after(interval, [this] { probe(); });
}

bus_watch::~bus_watch() {
    timers_.cancel(timer_);
}

void bus_watch::probe() {
    if (!answered_) note(false);
    answered_ = false;
    sent_ = timers_.now();
    bus_.ping([self = std::weak_ptr(self_), number = ++number_](result<> outcome) {
        if (const auto alive = self.lock()) (*alive)->on_answer(number, outcome);
    });
    timer_ = timers_.after(interval, [this] { probe(); });
}

void bus_watch::on_answer(std::uint64_t number, result<> outcome) {
    if (number != number_ || answered_) return;
    answered_ = true;
    note(outcome.has_value());
    if (!outcome) return;
    const auto took =
        std::chrono::duration_cast<std::chrono::microseconds>(timers_.now() - sent_).count();
    counts_.subtract(metric::bus_round_trip, counts_.load(metric::bus_round_trip));
    counts_.add(metric::bus_round_trip, static_cast<std::uint64_t>(took));
}

void bus_watch::note(bool heard) {
    if (std::exchange(silent_, !heard) != heard) return;
    if (heard) {
        counts_.subtract(metric::bus_silent);
        log::info("bus is heard again");
    } else {
        counts_.add(metric::bus_silent);
        counts_.add(metric::bus_silences);
        log::warn("bus is silent: what is sent round it does not come back");
    }
}

}  // namespace chat_gateway::gateway
