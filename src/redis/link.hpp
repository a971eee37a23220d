#pragma once

#include "reply.hpp"
#include "stream.hpp"

#include <chat_gateway/base/backoff.hpp>
#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/redis/redis.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace chat_gateway::redis {

/// Whose link it is. Called from the loop, never from inside start(), send() or stop().
class link_owner {
public:
    virtual ~link_owner() = default;
    virtual void on_up() = 0;
    /// All that has arrived and was not taken yet; returns how much of it is done with, the rest
    /// comes again with what follows. May reset or stop the link. On error it is remade.
    virtual result<std::size_t> on_bytes(std::string_view bytes) = 0;
    /// It was up and is not any more, or the very first attempt failed.
    virtual void on_down() = 0;
};

/// Where the next attempt to connect goes; asked before each.
using url_source = unique_function<url()>;
url_source always(url where);

struct link_options {
    std::string name;  ///< for the log: what the connection is for
    std::chrono::milliseconds connect_timeout{5000};
    backoff retry{};
};

/// A connection to Redis that remakes itself: connects, sends AUTH and SELECT, is up once Redis
/// answers PING, and after a loss tries again with backoff until it is stopped. Lives on its loop;
/// not thread-safe.
class link : public std::enable_shared_from_this<link> {
public:
    enum class state : std::uint8_t { first_attempt, up, away, stopped };

    link(boost::asio::io_context& loop, url_source where, link_options options);

    /// Once. The owner is not kept alive.
    void start(std::weak_ptr<link_owner> owner);
    /// Ends everything; the owner is not called any more.
    void stop();
    [[nodiscard]] state now() const { return state_; }
    [[nodiscard]] std::size_t unsent() const { return stream_ ? stream_->unsent() : 0; }
    /// Only while up. What is sent in one turn of the loop leaves together.
    void send(std::string_view bytes);
    /// Whether what comes is read; it is from the start.
    void read_on(bool on);
    /// Gives the connection up and makes another. From the loop only: the owner's on_down is called
    /// from inside.
    void reset(std::string_view reason);

private:
    boost::asio::awaitable<void> run(std::shared_ptr<link> self);
    boost::asio::awaitable<void> attempt(std::shared_ptr<stream> current);
    boost::asio::awaitable<std::string> open(std::shared_ptr<stream> current);
    boost::asio::awaitable<void> read_all(std::shared_ptr<stream> current);
    boost::asio::awaitable<void> pause();
    boost::asio::awaitable<void> until_read_on(std::shared_ptr<stream> current);
    [[nodiscard]] std::string greeting() const;
    void watch(const std::shared_ptr<stream>& current);
    void rise();
    void log_loss(state before, std::string_view reason) const;

    boost::asio::io_context& loop_;
    url_source source_;
    url where_;  ///< of the current attempt
    link_options options_;
    std::weak_ptr<link_owner> owner_;
    state state_ = state::first_attempt;
    std::shared_ptr<stream> stream_;     ///< of the current attempt; null between attempts
    boost::asio::steady_timer timer_;    ///< deadline of an attempt, or the pause after it
    boost::asio::steady_timer read_on_;  ///< never fires; is cancelled for who waits to read on
    bool reading_ = true;
    time_point up_since_;
};

}  // namespace chat_gateway::redis
