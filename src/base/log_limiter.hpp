#pragma once

#include <chat_gateway/base/log.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::log {

/// Which lines pass, by their message, and how many did not. Not thread-safe; told the time.
class limiter {
public:
    using time_point = std::chrono::steady_clock::time_point;
    static constexpr std::size_t most = 10;  ///< of one message in a period
    static constexpr std::chrono::seconds period{10};
    /// Messages are the program's own and therefore few; if they should not be, the rest passes.
    static constexpr std::size_t max_messages = 1000;

    struct repetition {
        level severity;
        std::string message;
        std::uint64_t count;  ///< lines that did not pass
        bool operator==(const repetition&) const = default;
    };

    [[nodiscard]] bool admit(level l, std::string_view message, time_point now);
    /// Of periods that are over.
    [[nodiscard]] std::vector<repetition> take_due(time_point now);
    [[nodiscard]] std::vector<repetition> take_all();

private:
    struct entry {
        level severity;
        time_point end;
        std::size_t passed = 0;
        std::uint64_t held = 0;
    };
    std::map<std::string, entry, std::less<>> entries_;
    time_point next_due_ = time_point::max();  ///< no period with lines held back ends earlier
};

}  // namespace chat_gateway::log
