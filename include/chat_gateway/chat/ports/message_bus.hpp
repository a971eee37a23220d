#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/socketio/cluster/message.hpp>
#include <chat_gateway/socketio/cluster/request.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace chat_gateway::chat {

/// The way between the nodes of a cluster. Called, and calls back, on the services loop; never from
/// inside the call. Messages of a room arrive in the order in which they were published for it;
/// what this node publishes comes back to it like everybody else's.
class message_bus {
public:
    using done_handler = unique_function<void(result<>)>;
    /// What the others are told of; each in the order in which it came.
    struct handlers {
        /// All that one read brought, in order, up to the next request.
        unique_function<void(std::vector<socketio::cluster::message>)> messages{};
        /// From the last message received to the next one something may be missing. Told when the
        /// way to the others is lost, and again when everything asked for is in force anew; by a
        /// bus that keeps its messages only if it has not kept them.
        unique_function<void()> gap{};
        /// Of a bus that keeps its messages: all that it has up to this position has been told, and
        /// no room is confirmed before the first of these.
        unique_function<void(std::uint64_t position)> reached{};
        /// Another node, or an emitter, asks; never this node. An answer is due if it has an id:
        /// answer().
        unique_function<void(socketio::cluster::request)> request{};
        /// To a request of this node or, on some wires, of another one: the id tells.
        unique_function<void(socketio::cluster::response)> response{};
    };

    virtual ~message_bus() = default;
    /// Once, before anything else.
    virtual void start(handlers told) = 0;
    /// Asks for the messages of rooms; those of others may come as well. done: from now on none of
    /// these is missed, nor of any room asked for before and not given back; or errc::closed. While
    /// the bus is away it waits; whoever cannot wait gives up by itself.
    virtual void subscribe(std::vector<std::string> rooms, done_handler done) = 0;
    virtual void unsubscribe(const std::vector<std::string>& rooms) = 0;
    /// All of them or, on error (unavailable, timeout, overloaded, malformed), possibly some.
    virtual void publish(std::vector<socketio::cluster::message> messages, done_handler done) = 0;

    /// Puts a request to the other nodes, in order with what publish() was given before (unless
    /// rooms have ways of their own: sharded channels of a Redis Cluster). `from` is filled in.
    /// `done`: it is on its way, or why not.
    virtual void ask(socketio::cluster::request r, done_handler done) = 0;
    /// Answers a request that came.
    virtual void answer(const socketio::cluster::request& asked, socketio::cluster::response r) = 0;
    /// How many other nodes there are, which is how many answers a request gets.
    virtual void count_others(unique_function<void(result<std::size_t>)> handler) = 0;

    /// Paused, it takes nothing more from the others than what it had begun to: messages wait on
    /// their side, and so do confirmations. What cannot be kept there for so long is a gap.
    virtual void pause(bool paused) = 0;
    /// Whether it answers now (readiness).
    virtual void ping(done_handler handler) = 0;
};

}  // namespace chat_gateway::chat
