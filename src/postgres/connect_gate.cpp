#include "connect_gate.hpp"

#include <chat_gateway/base/random.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace chat_gateway::postgres {

bool connect_gate::may_try(time_point now) {
    const std::lock_guard lock(mutex_);
    if (!away_) return true;
    if (trying_ || now < next_try_) return false;
    trying_ = true;
    return true;
}

bool connect_gate::succeeded() {
    const std::lock_guard lock(mutex_);
    trying_ = false;
    return std::exchange(away_, false);
}

bool connect_gate::failed(time_point now) {
    const std::lock_guard lock(mutex_);
    if (away_ && !trying_) return false;  // began before the outage was known: counts once
    const bool first = !std::exchange(away_, true);
    trying_ = false;
    pause_ = first ? options_.first_pause : std::min(pause_ * 2, options_.longest_pause);
    const auto half = static_cast<std::uint64_t>(pause_.count() / 2);
    next_try_ = now + pause_ - steady_clock::duration(random_below(half + 1));
    return first;
}

}  // namespace chat_gateway::postgres
