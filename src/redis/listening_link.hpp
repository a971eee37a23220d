#pragma once

#include "link.hpp"
#include "listener.hpp"
#include "reply.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace chat_gateway::redis {

/// Whose listening link it is. Called from the loop, never from inside start(), send() or stop().
class listening_owner {
public:
    virtual ~listening_owner() = default;
    virtual void on_up() = 0;
    /// A reply that is no message: a confirmation, or an error. False: the connection is of no use
    /// any more.
    [[nodiscard]] virtual bool on_reply(const reply& r) = 0;
    /// After the replies of one read, all messages that it brought; there may be none.
    virtual void on_messages(std::span<const published> batch) = 0;
    virtual void on_down() = 0;
};

/// A connection that only listens. Redis is asked for a sign of life every ping_interval; one
/// interval without a byte, and the connection is remade. Lives on its loop; not thread-safe.
class listening_link final : public link_owner,
                             public std::enable_shared_from_this<listening_link> {
public:
    listening_link(boost::asio::io_context& loop, url_source where, link_options options,
                   std::chrono::milliseconds ping_interval);

    /// Once, when a shared_ptr holds it. The owner is not kept alive.
    void start(std::weak_ptr<listening_owner> owner);
    void stop();
    void send(std::string_view bytes) { link_->send(bytes); }
    /// Paused, it reads nothing.
    void pause(bool paused);
    /// Gives the connection up and makes another; on_down is called from inside.
    void reset(std::string_view reason) { link_->reset(reason); }
    [[nodiscard]] bool is_up() const { return link_->now() == link::state::up; }

private:
    void on_up() override;
    result<std::size_t> on_bytes(std::string_view bytes) override;
    void on_down() override;

    [[nodiscard]] bool take(std::string_view bytes, listening_owner& owner);
    void arm();
    void on_tick();

    std::chrono::milliseconds ping_interval_;
    std::shared_ptr<link> link_;
    std::weak_ptr<listening_owner> owner_;
    std::optional<reply_reader> reader_;  ///< of the connection that is up
    boost::asio::steady_timer timer_;
    std::vector<published> messages_;  ///< of the read at hand
    bool heard_ = false;               ///< since the last tick
    bool paused_ = false;
};

}  // namespace chat_gateway::redis
