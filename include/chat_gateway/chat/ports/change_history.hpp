#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/chat/ports/change_feed.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace chat_gateway::chat {

/// What a change_feed has published lately, for a gateway that the bus did not bring all of it.
/// Called, and calls back, on the services loop; never from inside the call. Errors: unavailable,
/// timeout, overloaded, closed; any other says that there is no history to ask.
class change_history {
public:
    struct past_change {
        std::uint64_t id = 0;   ///< the mark that it was published under, or a little lower
        std::size_t bytes = 0;  ///< about what it takes
        change what{};
    };
    struct page {
        std::vector<past_change> changes{};  ///< in the order in which they were published
        std::uint64_t read_to = 0;           ///< no more is to be found up to here
        std::uint64_t forgotten_to = 0;      ///< up to here something may be missing
    };

    virtual ~change_history() = default;
    /// An id at or below that of the last change published; 0: none is known.
    virtual void last_published(unique_function<void(result<std::uint64_t>)> handler) = 0;
    /// What was published above `after` and up to `up_to`, or its beginning. Everything up to
    /// `up_to` has been published before this call.
    virtual void read(std::uint64_t after, std::uint64_t up_to,
                      unique_function<void(result<page>)> handler) = 0;
};

}  // namespace chat_gateway::chat
