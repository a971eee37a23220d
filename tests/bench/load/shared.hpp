#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdint>

namespace bench {

inline std::uint64_t monotonic_ns() {
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

/// Microseconds in buckets an eighth of a power of two wide.
class histogram {
public:
    static constexpr std::size_t buckets = 256;
    static std::size_t bucket_of(std::uint64_t us) {
        if (us < 8) return us;
        const auto power = static_cast<std::size_t>(std::bit_width(us)) - 4;
        return power * 8 + (us >> power);
    }
    /// The least value that falls into a bucket.
    static std::uint64_t floor_of(std::size_t bucket) {
        if (bucket < 16) return bucket;
        const std::size_t power = bucket / 8 - 1;
        return (bucket - power * 8) << power;
    }
    void add(std::uint64_t us) {
        auto& count = counts_[bucket_of(us)];
        count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t at(std::size_t bucket) const {
        return counts_[bucket].load(std::memory_order_relaxed);
    }
    void clear() {
        for (auto& count : counts_)
            count.store(0, std::memory_order_relaxed);
    }

private:
    std::array<std::atomic<std::uint64_t>, buckets> counts_{};
};

/// What a client process tells, in memory that it shares with the publisher. One writer.
struct alignas(64) worker_report {
    std::atomic<std::uint64_t> connected;
    std::atomic<std::uint64_t> delivered;  ///< messages, each once per client
    std::atomic<std::uint64_t> doubled;
    std::atomic<std::uint64_t> reordered;  ///< came behind a later one of their room
    std::atomic<std::uint64_t> lost;       ///< connections that ended
    std::atomic<std::uint64_t> pings;      ///< that were answered
    histogram latency;
    histogram handshake;
};

inline void count(std::atomic<std::uint64_t>& figure, std::uint64_t n = 1) {
    figure.store(figure.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

}  // namespace bench
