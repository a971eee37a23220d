#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/chat/ports/chat_directory.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace chat_gateway::chat {

/// Loads users' chat lists, many users to a query, and keeps trying for those it could not read in
/// time. Lives on the services loop; timers and directory outlive it.
class membership {
public:
    struct options {
        steady_clock::duration deadline = std::chrono::seconds(5);
        steady_clock::duration first_retry =
            std::chrono::seconds(1);  ///< doubles, with jitter, up to
        steady_clock::duration longest_retry = std::chrono::seconds(15);
    };
    using load_id = std::uint64_t;  ///< never 0
    /// Called with the list; or with the error at the deadline or at the first failed read,
    /// whichever is earlier, and then once more with the list as soon as it can be read. Never from
    /// inside load().
    using handler = unique_function<void(result<std::vector<std::string>>)>;

    membership(options o, scheduler& timers, chat_directory& directory);
    /// Cancels all loads.
    ~membership();

    load_id load(std::string user_id, handler h);
    /// The socket is gone: no further call.
    void cancel(load_id id);
    /// Loads whose list is still owed.
    [[nodiscard]] std::size_t pending() const;

private:
    class impl;
    std::shared_ptr<impl> impl_;
};

}  // namespace chat_gateway::chat
