#pragma once

#include <chat_gateway/base/random.hpp>

#include <algorithm>
#include <chrono>

namespace chat_gateway {

/// How long to wait before the next attempt: doubling, between `shortest` and `longest`,
/// with jitter, so that the gateways of a cluster do not come back in step.
class backoff {
public:
    using duration = std::chrono::milliseconds;

    explicit backoff(duration shortest = duration(100), duration longest = duration(5000))
        : shortest_(shortest), longest_(longest), limit_(std::min(2 * shortest, longest)) {}

    duration next() {
        const auto least = std::max(limit_ / 2, shortest_);
        const auto spread = static_cast<std::uint64_t>((limit_ - least).count());
        limit_ = std::min(2 * limit_, longest_);
        return least + duration(random_below(spread + 1));
    }
    void reset() { limit_ = std::min(2 * shortest_, longest_); }

private:
    duration shortest_;
    duration longest_;
    duration limit_;
};

}  // namespace chat_gateway
