#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/unique_function.hpp>

#include <cstdint>

namespace chat_gateway::chat {

/// The mark of a change_sink (change_feed.hpp) as it travels with what is published under it.
/// Called, and calls back, on the services loop; never from inside the call.
class bus_marks {
public:
    using mark_handler = unique_function<void(result<std::uint64_t>)>;

    virtual ~bus_marks() = default;
    /// The mark of some moment between this call and the answer. The answer comes in its place
    /// among the messages and requests of the bus: what was published under this mark or a lower
    /// one, since the bus listens, has been told, and nothing that is published above it. 0: none
    /// is remembered. Errors: unavailable, timeout, overloaded, malformed.
    virtual void read_mark(mark_handler handler) = 0;
};

}  // namespace chat_gateway::chat
