#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/gateway/metrics.hpp>
#include <chat_gateway/gateway/recovery.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace chat_gateway::gateway {

/// The sessions whose clients may come back, by pid; each until its time is up, or until newer ones
/// need the memory. Lives on the services loop.
class suspended_sessions {
public:
    suspended_sessions(const recovery_options& o, metrics_block& counts)
        : options_(o), counts_(counts) {}

    /// False: it is too large to be kept.
    [[nodiscard]] bool add(suspended_session s, time_point now);
    /// nullptr unless it is there and that user's.
    [[nodiscard]] const suspended_session* find(std::string_view pid, std::string_view user) const;
    /// nullopt if it is not there.
    [[nodiscard]] std::optional<suspended_session> take(std::string_view pid);
    /// Those of that user. Looks at all there are: for what an operator asks.
    [[nodiscard]] std::vector<suspended_session> take_all_of(std::string_view user);
    /// The next one that is not to be kept any more, if there is one: call until there is none.
    [[nodiscard]] std::optional<suspended_session> take_due(time_point now);

    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    [[nodiscard]] bool empty() const { return by_pid_.empty(); }

private:
    struct kept {
        suspended_session session;
        std::size_t bytes;
        time_point until;
    };
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const {
            return std::hash<std::string_view>{}(s);
        }
    };

    const recovery_options options_;
    metrics_block& counts_;
    std::unordered_map<std::string, kept, text_hash, std::equal_to<>> by_pid_;
    std::deque<std::pair<time_point, std::string>> order_;  ///< of expiry; pids may be gone already
    std::size_t bytes_ = 0;
};

}  // namespace chat_gateway::gateway
