#pragma once

#include <chat_gateway/base/ids.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace chat_gateway {

/// Dense storage with generation handles: a stale handle finds nothing. References stay valid while
/// the entry lives, also while others come and go. Indices are reused, lowest generation never 0.
/// Not thread-safe.
template <class T>
class slot_map {
public:
    template <class... Args>
    slot_handle emplace(Args&&... args) {
        std::uint32_t index = 0;
        if (free_.empty()) {
            index = used_++;
            if (index / chunk_size == chunks_.size()) chunks_.push_back(std::make_unique<chunk>());
        } else {
            index = free_.back();
            free_.pop_back();
        }
        slot& s = at(index);
        s.value.emplace(std::forward<Args>(args)...);
        if (++s.generation == 0) s.generation = 1;
        ++size_;
        return {index, s.generation};
    }

    [[nodiscard]] T* find(slot_handle h) {
        if (h.index >= used_) return nullptr;
        slot& s = at(h.index);
        return s.generation == h.generation && s.value ? &*s.value : nullptr;
    }

    /// The entry that sits at an index now, whatever its generation.
    [[nodiscard]] T* at_index(std::uint32_t index) {
        return index < used_ && at(index).value ? &*at(index).value : nullptr;
    }
    [[nodiscard]] slot_handle handle_at(std::uint32_t index) {
        return {index, at(index).generation};
    }

    /// The end of the entry at that index is needed soon, with the generation behind it: the last
    /// fields of T should be those that are used most. Changes nothing.
    void prefetch(std::uint32_t index) const {
        if (index >= used_) return;
        const auto* end =
            reinterpret_cast<const char*>(&(*chunks_[index / chunk_size])[index % chunk_size] + 1);
        __builtin_prefetch(end - 1);
        __builtin_prefetch(end - prefetched);
    }

    bool erase(slot_handle h) {
        if (!find(h)) return false;
        at(h.index).value.reset();
        free_.push_back(h.index);
        --size_;
        return true;
    }

    [[nodiscard]] std::size_t size() const { return size_; }
    /// The index that the next emplace() takes.
    [[nodiscard]] std::uint32_t next_index() const { return free_.empty() ? used_ : free_.back(); }

    /// Handles of all entries at this moment.
    [[nodiscard]] std::vector<slot_handle> handles() {
        std::vector<slot_handle> all;
        all.reserve(size_);
        for (std::uint32_t i = 0; i < used_; ++i) {
            if (at(i).value) all.push_back({i, at(i).generation});
        }
        return all;
    }

private:
    static constexpr std::uint32_t chunk_size = 64;
    static constexpr std::size_t prefetched = 64;  // may begin in the line before
    struct slot {
        std::optional<T> value;
        std::uint32_t generation = 0;
    };
    using chunk = std::array<slot, chunk_size>;

    slot& at(std::uint32_t index) { return (*chunks_[index / chunk_size])[index % chunk_size]; }

    std::vector<std::unique_ptr<chunk>> chunks_;
    std::vector<std::uint32_t> free_;
    std::uint32_t used_ = 0;
    std::size_t size_ = 0;
};

}  // namespace chat_gateway
