#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace chat_gateway {

/// Unpredictable bytes from the kernel, buffered per thread. Thread-safe. Aborts if the kernel has
/// none to give.
void random_bytes(std::span<unsigned char> out);

/// Uniform in [0, bound); for jitter. bound > 0.
std::uint64_t random_below(std::uint64_t bound);

/// `length` characters of [A-Za-z0-9].
std::string random_token(std::size_t length);

}  // namespace chat_gateway
