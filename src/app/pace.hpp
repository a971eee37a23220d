#pragma once

#include <chat_gateway/base/scheduler.hpp>

#include <chrono>
#include <cstddef>

namespace chat_gateway::app {

/// Spreads the end of many over a span of time: says how many are due each time it is asked. What
/// goes by itself, or comes, meanwhile is evened out over what is left of the span. Told the time.
class pace {
public:
    struct terms {
        time_point begin;
        steady_clock::duration span{};
        /// Fewer than this need no spreading: they end sooner.
        double fewest_per_s = 0;
        /// Of one due that is owed at the beginning, 0 to 1: so that several paces do not beat as
        /// one.
        double head_start = 0;
    };
    explicit pace(terms t) : terms_(t), last_(t.begin), owed_(t.head_start) {}

    /// Of `left`; all of them once the span is over.
    [[nodiscard]] std::size_t due(std::size_t left, time_point now);

private:
    terms terms_;
    time_point last_;  ///< at which it was asked
    double owed_;
};

}  // namespace chat_gateway::app
