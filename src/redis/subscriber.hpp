#pragma once

#include "link.hpp"
#include "reply.hpp"
#include "subscriptions.hpp"

#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/redis/redis.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::redis {

/// Views, good for the call that brings it.
struct published {
    std::string_view channel;
    std::string_view payload;
    bool operator==(const published&) const = default;
};

struct subscriber_options {
    link_options link{.name = "bus"};
    std::chrono::milliseconds ping_interval{5000};
    std::string pattern{};  ///< of PSUBSCRIBE; empty: none
    bool sharded = false;   ///< SSUBSCRIBE, of Redis 7
};

/// A connection that only listens: its subscriptions survive a reconnect. Redis is asked for a sign
/// of life every ping_interval; one interval without a byte, and the connection is remade. Lives on
/// its loop; not thread-safe.
class subscriber final : public link_owner, public std::enable_shared_from_this<subscriber> {
public:
    /// All that one read brought.
    using message_handler = unique_function<void(std::span<const published>)>;
    using waiter = subscriptions::waiter;

    subscriber(boost::asio::io_context& loop, url where, subscriber_options options);
    ~subscriber() override;
    subscriber(const subscriber&) = delete;
    subscriber& operator=(const subscriber&) = delete;

    /// Once, when a shared_ptr holds it. `gap`: the connection is lost; and again when all
    /// subscriptions are in force on the next one. The handlers must not outlive what they call:
    /// stop() comes first.
    void start(message_handler handler, unique_function<void()> gap);
    /// Waiters get errc::closed.
    void stop();

    void subscribe(std::vector<std::string> channels, waiter done);
    void unsubscribe(const std::vector<std::string>& channels);

    /// Paused, it reads nothing: Redis keeps what it has for this connection, up to its
    /// client-output-buffer-limit for pubsub; past that it closes the connection.
    void pause(bool paused);

    [[nodiscard]] bool is_up() const { return link_->now() == link::state::up; }
    [[nodiscard]] std::uint64_t reconnects() const { return ups_ == 0 ? 0 : ups_ - 1; }

private:
    void on_up() override;
    result<std::size_t> on_bytes(std::string_view bytes) override;
    void on_down() override;

    [[nodiscard]] bool take(std::string_view bytes);
    void note_restored();
    void post(std::vector<waiter> waiters, result<> outcome);
    void arm();
    void on_tick();

    boost::asio::io_context& loop_;
    subscriber_options options_;
    std::shared_ptr<link> link_;
    std::optional<reply_reader> reader_;  ///< of the connection that is up
    subscriptions subscriptions_;
    message_handler handler_;
    unique_function<void()> gap_;
    boost::asio::steady_timer timer_;
    std::vector<published> messages_;  ///< of the read at hand
    bool heard_ = false;               ///< since the last tick
    bool paused_ = false;
    std::uint64_t ups_ = 0;
};

}  // namespace chat_gateway::redis
