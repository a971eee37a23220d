#pragma once

#include "listener.hpp"
#include "reply.hpp"

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/unique_function.hpp>

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chat_gateway::redis {

/// Redis as the ports see it: where a command goes is told by its key, so that they need not know
/// whether it is one server or several. Lives on its loop; not thread-safe. Handlers are called
/// from the loop, never from inside the call, with errc::unavailable, timeout, overloaded or closed
/// where there is no answer; an answer may be an error reply.
class client {
public:
    using reply_handler = unique_function<void(result<reply>)>;
    using replies_handler = unique_function<void(result<std::vector<reply>>)>;

    virtual ~client() = default;
    /// For commands without a key, at a node that all clients of the same Redis choose alike, as
    /// long as it is there: what they send passes one node, and what one sends stays in order.
    virtual void execute(std::span<const std::string_view> words, reply_handler handler) = 0;
    /// At the node that holds `key` (or, of SPUBLISH, the channel). What is sent for one key stays
    /// in order.
    virtual void execute_at(std::string_view key, std::span<const std::string_view> words,
                            reply_handler handler) = 0;
    /// At each master that is there, for what only all of them know (PUBSUB NUMSUB and SHARDNUMSUB:
    /// add up); errc::unavailable if none is.
    virtual void execute_on_masters(std::span<const std::string_view> words,
                                    replies_handler handler) = 0;

    using word_list = std::initializer_list<std::string_view>;
    void execute(word_list words, reply_handler handler) {
        execute(std::span(words.begin(), words.size()), std::move(handler));
    }
    void execute_at(std::string_view key, word_list words, reply_handler handler) {
        execute_at(key, std::span(words.begin(), words.size()), std::move(handler));
    }
    void execute_on_masters(word_list words, replies_handler handler) {
        execute_on_masters(std::span(words.begin(), words.size()), std::move(handler));
    }

    /// Listens to the same Redis, on a connection (or several) of its own; not started yet.
    virtual std::shared_ptr<channel_listener> make_listener(listener_options o) = 0;
    /// Another one, on connections of its own, for commands that block: what others send would wait
    /// behind them. Started; `timeout` is for each of its commands.
    virtual std::shared_ptr<client> make_another(std::string name,
                                                 std::chrono::milliseconds timeout) = 0;
    /// Runs it from the loop, for what must not be called from inside a call.
    virtual void later(unique_function<void()> task) = 0;
    /// Unanswered commands fail with errc::closed.
    virtual void stop() = 0;
};

/// What PUBSUB NUMSUB or SHARDNUMSUB of one channel said on each master, added up.
result<std::size_t> sum_of_subscribers(const result<std::vector<reply>>& answers);

/// Whether Redis answers now.
void ping(client& c, unique_function<void(result<>)> handler);

}  // namespace chat_gateway::redis
