#pragma once

#include "link.hpp"
#include "listener.hpp"
#include "reply.hpp"
#include "subscriptions.hpp"

#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/redis/redis.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::redis {

using subscriber_options = listener_options;

/// A connection that only listens: its subscriptions survive a reconnect. Redis is asked for a sign
/// of life every ping_interval; one interval without a byte, and the connection is remade. Lives on
/// its loop; not thread-safe.
class subscriber final : public link_owner,
                         public channel_listener,
                         public std::enable_shared_from_this<subscriber> {
public:
    subscriber(boost::asio::io_context& loop, url where, subscriber_options options);
    ~subscriber() override;
    subscriber(const subscriber&) = delete;
    subscriber& operator=(const subscriber&) = delete;

    /// Once, when a shared_ptr holds it.
    void start(message_handler handler, unique_function<void()> gap) override;
    void stop() override;
    void subscribe(std::vector<std::string> channels, waiter done) override;
    void unsubscribe(const std::vector<std::string>& channels) override;
    void pause(bool paused) override;
    [[nodiscard]] bool is_up() const override { return link_->now() == link::state::up; }
    [[nodiscard]] std::uint64_t reconnects() const override { return ups_ == 0 ? 0 : ups_ - 1; }

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
