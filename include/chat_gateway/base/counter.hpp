#pragma once

#include <atomic>
#include <cstdint>

namespace chat_gateway {

/// A figure that one thread writes and any may read: as cheap as a plain number.
class counter {
public:
    // One writer, so no read-modify-write is needed.
    void add(std::uint64_t n = 1) { set(load() + n); }
    void subtract(std::uint64_t n = 1) { set(load() - n); }
    void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t load() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

}  // namespace chat_gateway
