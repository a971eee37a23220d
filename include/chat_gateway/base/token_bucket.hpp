#pragma once

#include <chat_gateway/base/scheduler.hpp>

#include <chrono>
#include <cstdint>

namespace chat_gateway {

/// How often something may happen: `rate` tokens a second, kept for up to `depth`. Full at first.
/// Eight bytes: the moment at which it is full again stands for the tokens in it. Told the time,
/// which it never wants to be later than the last one.
class token_bucket {
public:
    struct terms {
        std::uint32_t rate = 1;                       ///< tokens a second; not 0
        std::chrono::seconds depth = standard_depth;  ///< worth of tokens that it holds
    };
    static constexpr std::chrono::seconds standard_depth{2};

    /// Takes a token if there is one.
    [[nodiscard]] bool take(const terms& t, time_point now) {
        const steady_clock::duration token =
            steady_clock::duration(std::chrono::seconds(1)) / t.rate;
        const time_point full = (full_at_ > now ? full_at_ : now) + token;
        if (full - now > t.depth) return false;
        full_at_ = full;
        return true;
    }
    [[nodiscard]] bool full(time_point now) const { return full_at_ <= now; }

private:
    time_point full_at_{};
};

}  // namespace chat_gateway
