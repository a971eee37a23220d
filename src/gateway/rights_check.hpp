#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/chat/ports/chat_directory.hpp>
#include <chat_gateway/chat/ports/session_store.hpp>
#include <chat_gateway/chat/session_recheck.hpp>
#include <chat_gateway/gateway/metrics.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::gateway {

/// Reads the sessions of live sockets again, and tells which of them give no right to a connection
/// any more: gone, another user's, or their user's who is no longer active. A store that cannot say
/// ends nobody's connection. Lives on the services loop; the ports outlive it.
class rights_check {
public:
    /// Reads that may be under way at a time; with more, sessions wait for their next turn.
    static constexpr std::size_t max_batches = 4;

    struct options {
        std::chrono::milliseconds period{30000};  ///< 0: off
        std::string user_pointer;
    };
    using cut_function = unique_function<void(const chat::login_ref& who, std::string_view why)>;

    rights_check(options o, scheduler& timers, chat::session_store& sessions,
                 chat::chat_directory& directory, metrics_block& counts, cut_function cut);
    ~rights_check();
    rights_check(const rights_check&) = delete;
    rights_check& operator=(const rights_check&) = delete;

    /// See chat::session_recheck.
    void add(chat::login_ref who);
    void remove(const chat::login& who);
    void vouch(const chat::login& who);

private:
    class impl;
    std::shared_ptr<impl> impl_;
};

}  // namespace chat_gateway::gateway
