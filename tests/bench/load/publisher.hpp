#pragma once

#include "options.hpp"
#include "sink.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace bench {

/// Publishes chat messages, one room after the other in an order that is always the same.
class publisher {
public:
    explicit publisher(const options& o);

    /// One more message into the buffer; returns how many clients will get it.
    std::uint64_t add();
    /// Sends what add() gathered.
    void flush() { sink_->flush(); }

private:
    const options& options_;
    std::unique_ptr<sink> sink_;
    std::vector<std::uint32_t> order_;    ///< rooms, shuffled
    std::vector<std::uint32_t> members_;  ///< by room
    std::vector<std::uint32_t> sent_;     ///< by room: messages so far
    std::size_t next_ = 0;
};

}  // namespace bench
