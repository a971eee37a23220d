#pragma once

#include "listener.hpp"
#include "listening_link.hpp"
#include "reply.hpp"
#include "subscriptions.hpp"

#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/redis/redis.hpp>

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::redis {

using subscriber_options = listener_options;

/// Listens on one connection; its subscriptions survive a reconnect. Lives on its loop; not
/// thread-safe.
class subscriber final : public listening_owner,
                         public channel_listener,
                         public std::enable_shared_from_this<subscriber> {
public:
    subscriber(boost::asio::io_context& loop, url_source where, subscriber_options options);
    ~subscriber() override;
    subscriber(const subscriber&) = delete;
    subscriber& operator=(const subscriber&) = delete;

    /// Once, when a shared_ptr holds it.
    void start(message_handler handler, unique_function<void()> gap) override;
    void stop() override;
    void subscribe(std::vector<std::string> channels, waiter done) override;
    void unsubscribe(const std::vector<std::string>& channels) override;
    void pause(bool paused) override { link_->pause(paused); }
    [[nodiscard]] bool is_up() const override { return link_->is_up(); }
    [[nodiscard]] std::uint64_t reconnects() const override { return ups_ == 0 ? 0 : ups_ - 1; }
    /// Leaves the server it is connected to, for the one that the source of its URLs names next.
    void move_on(std::string_view reason) { link_->reset(reason); }

private:
    void on_up() override;
    [[nodiscard]] bool on_reply(const reply& r) override;
    void on_messages(std::span<const published> batch) override;
    void on_down() override;

    void note_restored();
    void post(std::vector<waiter> waiters, result<> outcome);

    boost::asio::io_context& loop_;
    std::shared_ptr<listening_link> link_;
    subscriptions subscriptions_;
    message_handler handler_;
    unique_function<void()> gap_;
    std::uint64_t ups_ = 0;
    bool stopped_ = false;
};

}  // namespace chat_gateway::redis
