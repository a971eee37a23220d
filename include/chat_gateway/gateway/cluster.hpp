#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/chat/ports/message_bus.hpp>
#include <chat_gateway/gateway/metrics.hpp>
#include <chat_gateway/socketio/cluster/request.hpp>
#include <chat_gateway/socketio/cluster/requests.hpp>

#include <chrono>
#include <memory>

namespace chat_gateway::gateway {

/// A request to one shard and the way back; the shard answers once, and to a broadcast with its
/// count first and then with each ack.
struct shard_request {
    socketio::cluster::request what;
    unique_function<void(socketio::cluster::response)> answer;  ///< on the services loop
};

/// This gateway as a node of its cluster: answers what the other nodes ask out of the shards, and
/// puts questions to them and to itself. Lives on the services loop.
class cluster {
public:
    using request = socketio::cluster::request;
    using response = socketio::cluster::response;
    using answers = socketio::cluster::answers;
    using handler = unique_function<void(result<answers>)>;
    /// Hands a request to a shard; called on the services loop.
    using ask_function = unique_function<void(unsigned shard, std::shared_ptr<shard_request> r)>;
    /// Of a question, and of a broadcast that names no time of its own; the latter is bounded.
    static constexpr std::chrono::milliseconds patience{5000};
    static constexpr std::chrono::milliseconds longest_broadcast{120'000};

    cluster(scheduler& timers, chat::message_bus& bus, metrics_block& counts, unsigned shards,
            ask_function ask_shard);
    ~cluster();
    cluster(const cluster&) = delete;
    cluster& operator=(const cluster&) = delete;

    /// What is answered for the gateway as a whole instead of by its shards. False: it is not, and
    /// `answer` is untouched. Before anything is asked.
    using own_function =
        unique_function<bool(const request& r, unique_function<void(response)>& answer)>;
    void serve(own_function own) { own_ = std::move(own); }

    /// What the bus brings.
    void on_request(request r);
    void on_response(response r);

    /// Of all nodes, this one included (but for server_side_emit, which is for the others). Answers
    /// that have not come in time are counted as missing. errc::unavailable, overloaded, timeout:
    /// it could not be asked; what is here was not asked either.
    void ask(request r, handler done);
    /// A join, leave or disconnect, or an event for the servers that nobody answers: carried out
    /// here, and on its way to the others when `done` is called.
    void tell(request r, chat::message_bus::done_handler done);
    /// All nodes, this one included.
    void count_nodes(unique_function<void(result<std::size_t>)> done);

private:
    struct gathering;
    void ask_here(const request& r, unique_function<void(response)> answer);
    void ask_shards(const request& r, unique_function<void(response)> answer);
    void put(request r, std::size_t others, handler done);
    void arm();

    scheduler& timers_;
    chat::message_bus& bus_;
    metrics_block& counts_;
    unsigned shards_;
    ask_function ask_shard_;
    own_function own_;
    socketio::cluster::requests open_;
    scheduler::timer_id timer_ = 0;
    std::shared_ptr<cluster*> self_;  ///< what was asked of others may be answered after the end
};

}  // namespace chat_gateway::gateway
