#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string_view>
#include <utility>

namespace chat_gateway {

/// Immutable bytes in one allocation, counted atomically: they are filled once and then cross
/// threads. Fan-out on one loop does not touch this count per recipient (see server::wire_packet).
class shared_bytes {
public:
    shared_bytes() = default;
    /// `fill(char*)` writes all `size` bytes before anyone else sees them.
    template <class F>
    static shared_bytes create(std::size_t size, F&& fill) {
        void* memory = ::operator new(sizeof(block) + size);
        shared_bytes made(new (memory) block{{1}, size});
        fill(made.data());
        return made;
    }
    shared_bytes(const shared_bytes& other) noexcept : block_(other.block_) {
        if (block_) block_->references.fetch_add(1, std::memory_order_relaxed);
    }
    shared_bytes(shared_bytes&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    shared_bytes& operator=(shared_bytes other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~shared_bytes() {
        if (block_ && block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            block_->~block();
            ::operator delete(block_);
        }
    }

    [[nodiscard]] std::string_view view() const noexcept {
        return block_ ? std::string_view(reinterpret_cast<const char*>(block_ + 1), block_->size)
                      : std::string_view();
    }

private:
    struct block {
        std::atomic<std::uint32_t> references;
        std::size_t size;
    };
    explicit shared_bytes(block* b) noexcept : block_(b) {}
    char* data() noexcept { return reinterpret_cast<char*>(block_ + 1); }

    block* block_ = nullptr;
};

}  // namespace chat_gateway
