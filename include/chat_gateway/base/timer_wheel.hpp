#pragma once

#include <chat_gateway/base/scheduler.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace chat_gateway {

/// Many deadlines on one timer. Entries cannot be taken back: whoever is called looks whether it
/// still is due, which makes moving a deadline later free. Told the time; owns no timer. Not
/// thread-safe.
template <class Key>
class timer_wheel {
public:
    static constexpr std::chrono::milliseconds resolution{10};

    explicit timer_wheel(time_point start) : start_(start), buckets_(bucket_count) {}

    /// due(key) is called by the first advance() at or after `when`, at most `resolution` late.
    void add(Key key, time_point when) {
        const std::uint64_t tick = std::max(tick_of(when) + 1, current_ + 1);
        buckets_[tick % bucket_count].push_back({static_cast<std::uint32_t>(tick), key});
        ++size_;
        if (!next_ || tick < *next_) next_ = tick;
    }

    /// Calls due(key) for what has come due; due() may add.
    template <class F>
    void advance(time_point now, F&& due) {
        const std::uint64_t target = tick_of(now);
        if (!next_ || *next_ > target) {
            current_ = std::max(current_, target);
            return;
        }
        const std::uint64_t last = std::min(target, *next_ + bucket_count - 1);
        const std::uint64_t first = *next_;
        current_ = target;
        std::vector<entry> ready;
        for (std::uint64_t tick = first; tick <= last; ++tick) {
            auto& bucket = buckets_[tick % bucket_count];
            if (bucket.empty()) continue;
            auto later = std::partition(bucket.begin(), bucket.end(),
                                        [&](const entry& e) { return is_behind(e, target); });
            ready.insert(ready.end(), later, bucket.end());
            bucket.erase(later, bucket.end());
            if (bucket.empty() && bucket.capacity() > 64) bucket.shrink_to_fit();
        }
        size_ -= ready.size();
        find_next();
        for (const entry& e : ready)
            due(e.key);
    }

    /// When advance() should be called next.
    [[nodiscard]] std::optional<time_point> next() const {
        if (!next_) return std::nullopt;
        return start_ + resolution * static_cast<std::int64_t>(*next_);
    }
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    static constexpr std::size_t bucket_count = 4096;
    struct entry {
        std::uint32_t tick;  ///< its low half: deadlines are less than 248 days ahead
        Key key;
    };
    static bool is_behind(const entry& e, std::uint64_t tick) {
        return static_cast<std::int32_t>(e.tick - static_cast<std::uint32_t>(tick)) > 0;
    }

    [[nodiscard]] std::uint64_t tick_of(time_point t) const {
        return t <= start_ ? 0 : static_cast<std::uint64_t>((t - start_) / resolution);
    }

    // The next bucket in use; its entries may belong to a later round, which costs one idle
    // wake-up.
    void find_next() {
        next_.reset();
        if (size_ == 0) return;
        for (std::uint64_t tick = current_ + 1; tick <= current_ + bucket_count; ++tick) {
            if (!buckets_[tick % bucket_count].empty()) {
                next_ = tick;
                return;
            }
        }
    }

    time_point start_;
    std::uint64_t current_ = 0;
    std::optional<std::uint64_t> next_;
    std::size_t size_ = 0;
    std::vector<std::vector<entry>> buckets_;
};

}  // namespace chat_gateway
