#pragma once

#include "client.hpp"
#include "link.hpp"
#include "reply.hpp"

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/redis/redis.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chat_gateway::redis {

struct connection_options {
    link_options link{.name = "commands"};
    std::chrono::milliseconds command_timeout{5000};
    std::size_t max_pending = 50'000;
    std::size_t max_unsent = std::size_t{64} << 20;  ///< bytes
};

/// Commands and their answers, pipelined. Shared by the ports that send commands; lives on its
/// loop; not thread-safe.
class connection final : public link_owner,
                         public client,
                         public std::enable_shared_from_this<connection> {
public:
    connection(boost::asio::io_context& loop, url where, connection_options options);
    ~connection() override;
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Once, when a shared_ptr holds it.
    void start();
    void stop() override;

    /// One command with one answer, which may be an error reply. Commands issued before the first
    /// attempt to connect has ended wait for it; later ones fail at once while Redis is away.
    /// errc::unavailable, timeout, overloaded, closed.
    void execute(std::span<const std::string_view> words, reply_handler handler) override;
    void execute_at(std::string_view key, std::span<const std::string_view> words,
                    reply_handler handler) override;
    void execute_on_masters(std::span<const std::string_view> words,
                            replies_handler handler) override;
    /// The same for bytes that make_command() has made.
    void execute_encoded(std::string_view bytes, reply_handler handler);
    using client::execute;
    using client::execute_at;
    using client::execute_on_masters;
    std::shared_ptr<channel_listener> make_listener(listener_options o) override;
    std::shared_ptr<client> make_another(std::string name,
                                         std::chrono::milliseconds timeout) override;
    void later(unique_function<void()> task) override;

    /// Whether a command would be sent, or wait for the first attempt to connect.
    [[nodiscard]] bool takes_commands() const {
        return link_->now() == link::state::up || link_->now() == link::state::first_attempt;
    }
    [[nodiscard]] std::size_t pending() const { return pending_.size(); }

private:
    struct pending_command {
        reply_handler handler;
        time_point sent;
    };
    void on_up() override;
    result<std::size_t> on_bytes(std::string_view bytes) override;
    void on_down() override;

    void take(std::vector<reply> batch);
    [[nodiscard]] result<> admit(std::size_t bytes) const;
    void fail_pending(errc reason);
    void arm();
    void on_deadline();
    [[nodiscard]] bool overdue(const pending_command& command) const;

    boost::asio::io_context& loop_;
    url where_;
    connection_options options_;
    std::shared_ptr<link> link_;
    std::optional<reply_reader> reader_;   ///< of the connection that is up
    std::deque<pending_command> pending_;  ///< in the order of their answers
    std::string early_;                    ///< what waits for the first attempt
    boost::asio::steady_timer timer_;  ///< for the oldest pending command; not moved by each answer
    bool armed_ = false;
};

}  // namespace chat_gateway::redis
