#include <chat_gateway/base/random.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <sys/random.h>

namespace chat_gateway {
namespace {

void fill_from_kernel(std::span<unsigned char> out) {
    while (!out.empty()) {
        const auto got = getrandom(out.data(), out.size(), 0);
        if (got > 0) {
            out = out.subspan(static_cast<std::size_t>(got));
        } else if (errno != EINTR) {
            std::abort();  // ids that can be guessed would be worse than no gateway
        }
    }
}

/// One system call for many ids.
class buffer {
public:
    void take(std::span<unsigned char> out) {
        if (out.size() > left_) refill();
        const auto first = bytes_.end() - static_cast<std::ptrdiff_t>(left_);
        const auto last = first + static_cast<std::ptrdiff_t>(out.size());
        std::copy(first, last, out.begin());
        std::fill(first, last, 0);  // what was given out is secret and not ours any more
        left_ -= out.size();
    }

    static constexpr std::size_t size = 512;

private:
    void refill() {
        fill_from_kernel(bytes_);
        left_ = size;
    }

    std::array<unsigned char, size> bytes_{};
    std::size_t left_ = 0;
};

}  // namespace

void random_bytes(std::span<unsigned char> out) {
    if (out.size() > buffer::size) return fill_from_kernel(out);
    thread_local buffer buffered;
    buffered.take(out);
}

std::uint64_t random_below(std::uint64_t bound) {
    // 2^64 mod bound: numbers below it would make the small remainders more frequent.
    const std::uint64_t unfair = (0 - bound) % bound;
    for (;;) {
        std::array<unsigned char, 8> bytes{};
        random_bytes(bytes);
        std::uint64_t number = 0;
        for (const auto byte : bytes)
            number = number << 8 | byte;
        if (number >= unfair) return number % bound;
    }
}

std::string random_token(std::size_t length) {
    static constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    std::string token(length, '\0');
    for (auto& c : token)
        c = alphabet[random_below(alphabet.size())];
    return token;
}

}  // namespace chat_gateway
