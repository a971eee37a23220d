#include "pace.hpp"

#include <algorithm>

namespace chat_gateway::app {

std::size_t pace::due(std::size_t left, time_point now) {
    using seconds = std::chrono::duration<double>;
    const time_point end = terms_.begin + terms_.span;
    if (now >= end) return left;
    const double passed = seconds(now - last_).count();
    const double ahead = seconds(end - last_).count();  // more than `passed`
    last_ = now;
    owed_ += std::max(static_cast<double>(left) * passed / ahead, terms_.fewest_per_s * passed);
    const auto n = std::min(left, static_cast<std::size_t>(owed_));
    // What nobody was left for is not owed later.
    owed_ -= static_cast<double>(static_cast<std::size_t>(owed_));
    return n;
}

}  // namespace chat_gateway::app
