#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/chat/ports/chat_directory.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>

namespace chat_gateway::gateway {

/// What is asked of the directory about single rooms: so much of it at a time that chat lists and
/// handshakes, which need the database too, get their turn; the rest waits in line. Lives on the
/// services loop; the directory outlives it.
class permission_questions {
public:
    using handler = unique_function<void(result<bool>)>;
    /// Half of what the database's queue takes.
    static constexpr std::size_t most_under_way = 500;
    /// About 2 MB of names; a hundred clients' that come back at once with all rooms they may.
    static constexpr std::size_t most_waiting = 10'000;
    /// How long one waits for its turn, as long as a store may take for an answer.
    static constexpr std::chrono::seconds patience{5};

    permission_questions(scheduler& timers, chat::chat_directory& directory);
    ~permission_questions();
    permission_questions(const permission_questions&) = delete;
    permission_questions& operator=(const permission_questions&) = delete;

    /// See chat_directory. errc::overloaded: the line is too long; errc::timeout: its turn has not
    /// come in time.
    void can_view_chat(std::string user, std::string chat, handler done);
    void is_no_chat(std::string name, handler done);

private:
    using asking = unique_function<void(chat::chat_directory&, handler)>;
    struct question {
        asking ask;
        handler done;
        time_point until;
    };

    void take(asking ask, handler done);
    void put(question q);
    void go_on();
    void give_up();
    void arm();

    scheduler& timers_;
    chat::chat_directory& directory_;
    std::size_t under_way_ = 0;
    std::deque<question> waiting_;  ///< oldest first
    scheduler::timer_id timer_ = 0;
    std::shared_ptr<permission_questions*> self_;  ///< the directory may answer after the end
};

}  // namespace chat_gateway::gateway
