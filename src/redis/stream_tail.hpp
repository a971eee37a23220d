#pragma once

#include "client.hpp"
#include "stream_entry.hpp"

#include <chat_gateway/base/backoff.hpp>
#include <chat_gateway/base/unique_function.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace chat_gateway::redis {

/// Reads a Redis stream as it grows, on a connection of its own: each entry once, from the moment
/// it has found the stream's end, over losses of the connection and restarts of Redis. What was
/// trimmed away unread is a gap. Lives on its loop; not thread-safe.
class stream_tail final : public std::enable_shared_from_this<stream_tail> {
public:
    using waiter = unique_function<void(result<>)>;
    struct options {
        std::chrono::milliseconds block{5000};  ///< of one XREAD
        std::size_t most = 100;                 ///< entries of one XREAD
    };

    stream_tail(boost::asio::io_context& loop, client& redis, std::string name, options o);
    stream_tail(const stream_tail&) = delete;
    stream_tail& operator=(const stream_tail&) = delete;

    struct handlers {
        unique_function<void(std::vector<stream_entry>)> entries;
        unique_function<void()> gap;
        /// Reading goes on behind this entry: at first, and where it has to begin anew.
        unique_function<void(entry_id)> located;
    };
    /// Once, when a shared_ptr holds it.
    void start(handlers told);
    /// Waiters get errc::closed.
    void stop();
    /// `done` once entries are read from some point on, so that none behind this call is missed.
    void when_reading(waiter done);
    void pause(bool paused);
    /// Whether the last thing asked of Redis was answered.
    [[nodiscard]] bool is_up() const { return up_; }
    [[nodiscard]] std::uint64_t reconnects() const { return losses_; }

private:
    void go_on();
    void locate();
    void check();
    void on_state(const stream_state& state);
    void check_last();
    void check_again();
    void on_forgotten(entry_id goes_on_behind, std::optional<std::uint64_t> added);
    [[nodiscard]] bool has_lost_entries(const stream_state& state) const;
    void mark_loss();
    void tell_gap();
    void read();
    void take(std::vector<stream_entry> entries);
    void ask(std::vector<std::string> words, unique_function<void(reply)> answered);
    void on_loss();
    void on_up();

    boost::asio::io_context& loop_;
    const std::string name_;
    const options options_;
    std::shared_ptr<client> connection_;
    handlers told_;
    std::vector<waiter> waiting_;
    bool located_ = false;   ///< it is known where reading begins
    bool unmarked_ = false;  ///< a loss has to be marked
    entry_id last_;          ///< read up to here
    /// Entries that the stream had ever had up to there, as far as Redis tells.
    std::optional<std::uint64_t> added_;
    boost::asio::steady_timer timer_;  ///< between attempts
    backoff retry_;
    bool asking_ = false;  ///< a command or a pause between attempts is under way
    time_point checked_at_{};
    entry_id own_mark_;
    bool unchecked_ = false;  ///< something may have been trimmed since the last read
    bool paused_ = false;
    bool stopped_ = false;
    bool up_ = false;
    std::uint64_t losses_ = 0;
};

}  // namespace chat_gateway::redis
