#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

/// What must hold for any input. Unlike assert it is there in every build.
#define FUZZ_CHECK(condition)                                                            \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            std::abort();                                                                \
        }                                                                                \
    } while (false)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace chat_gateway::fuzz {

/// An input, which a target takes apart from the front: what steers the run first, then the bytes
/// that are parsed, so that the fuzzer's changes of the latter leave the former alone.
class input {
public:
    input(const std::uint8_t* data, std::size_t size)
        : rest_(size == 0 ? "" : reinterpret_cast<const char*>(data), size) {}

    /// 0 when there is nothing left.
    unsigned byte() {
        if (rest_.empty()) return 0;
        const auto value = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        return value;
    }
    std::string_view bytes(std::size_t size) {
        const auto taken = rest_.substr(0, size);
        rest_.remove_prefix(taken.size());
        return taken;
    }
    /// Up to the next line feed, which goes with it.
    std::string_view line() {
        const auto taken = rest_.substr(0, rest_.find('\n'));
        rest_.remove_prefix(std::min(taken.size() + 1, rest_.size()));
        return taken;
    }
    /// The sizes of the pieces that something is to be fed in: 1 to 64 each.
    std::vector<std::size_t> piece_sizes() {
        std::vector<std::size_t> sizes;
        for (unsigned due = 1 + byte() % 4; due > 0; --due)
            sizes.push_back(1 + byte() % 64);
        return sizes;
    }
    [[nodiscard]] std::string_view rest() const { return rest_; }
    [[nodiscard]] bool empty() const { return rest_.empty(); }

private:
    std::string_view rest_;
};

}  // namespace chat_gateway::fuzz
