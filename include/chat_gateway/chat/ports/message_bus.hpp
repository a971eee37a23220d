#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/socketio/cluster/message.hpp>

#include <string>
#include <vector>

namespace chat_gateway::chat {

/// The way between the nodes of a cluster. Called, and calls back, on the services loop; never from
/// inside the call. Messages of a room arrive in the order in which they were published for it;
/// what this node publishes comes back to it like everybody else's.
class message_bus {
public:
    /// All that one read brought, in order.
    using receive_handler = unique_function<void(std::vector<socketio::cluster::message>)>;
    /// From the last message received to the next one something may be missing. Told when the way
    /// to the others is lost, and again when everything asked for is in force anew.
    using gap_handler = unique_function<void()>;
    using done_handler = unique_function<void(result<>)>;

    virtual ~message_bus() = default;
    /// Once, before anything else.
    virtual void start(receive_handler handler, gap_handler gap) = 0;
    /// Asks for the messages of rooms. done: from now on none of these is missed, nor of any room
    /// asked for before and not given back; or errc::closed. While the bus is away it waits;
    /// whoever cannot wait gives up by itself.
    virtual void subscribe(std::vector<std::string> rooms, done_handler done) = 0;
    virtual void unsubscribe(const std::vector<std::string>& rooms) = 0;
    /// All of them or, on error (unavailable, timeout, overloaded, malformed), possibly some.
    virtual void publish(std::vector<socketio::cluster::message> messages, done_handler done) = 0;
    /// Paused, it takes nothing more from the others than what it had begun to: messages wait on
    /// their side, and so do confirmations. What cannot be kept there for so long is a gap.
    virtual void pause(bool paused) = 0;
    /// Whether it answers now (readiness).
    virtual void ping(done_handler handler) = 0;
};

}  // namespace chat_gateway::chat
