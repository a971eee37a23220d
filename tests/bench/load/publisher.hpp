#pragma once

#include "options.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

/// Publishes chat messages as @socket.io/redis-emitter does, one room after the other.
class publisher {
public:
    explicit publisher(const options& o);
    publisher(const publisher&) = delete;
    publisher& operator=(const publisher&) = delete;
    ~publisher();

    /// One more message into the buffer; returns how many clients will get it.
    std::uint64_t add();
    /// Sends what add() gathered, and takes what Redis has answered.
    void flush();

private:
    void drain();
    void write(const std::string& bytes) const;

    const options& options_;
    int fd_ = -1;
    std::string buffer_;
    std::vector<std::uint32_t> order_;    ///< rooms, shuffled
    std::vector<std::uint32_t> members_;  ///< by room
    std::vector<std::uint32_t> sent_;     ///< by room: messages so far
    std::size_t next_ = 0;
};

}  // namespace bench
