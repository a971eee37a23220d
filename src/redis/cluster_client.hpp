#pragma once

#include "client.hpp"
#include "cluster_nodes.hpp"
#include "cluster_router.hpp"
#include "cluster_topology.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace chat_gateway::redis {

struct cluster_options {
    std::string home{};                             ///< a key: client::execute goes to its node
    std::size_t max_pending = 50'000;               ///< commands, over all nodes
    std::size_t max_bytes = std::size_t{64} << 20;  ///< of them
    router_options routing{};
};

/// A Redis Cluster as a client sees it: one pipelined connection to each master that is asked
/// something; cluster_router says where what goes. Commands for a node that is away fail at once
/// with errc::unavailable, as they do on a single connection. Lives on its loop; not thread-safe.
class cluster_client final : public client,
                             public topology_watcher,
                             public std::enable_shared_from_this<cluster_client> {
public:
    /// `nodes`: the topology's, or others for a client with connections of its own.
    cluster_client(boost::asio::io_context& loop, std::shared_ptr<cluster_topology> topology,
                   std::shared_ptr<cluster_nodes> nodes, cluster_options options);
    ~cluster_client() override;
    cluster_client(const cluster_client&) = delete;
    cluster_client& operator=(const cluster_client&) = delete;

    /// Once, when a shared_ptr holds it.
    void start();
    void execute(std::span<const std::string_view> words, reply_handler handler) override;
    void execute_at(std::string_view key, std::span<const std::string_view> words,
                    reply_handler handler) override;
    void execute_on_masters(std::span<const std::string_view> words,
                            replies_handler handler) override;
    using client::execute;
    using client::execute_at;
    using client::execute_on_masters;
    std::shared_ptr<channel_listener> make_listener(listener_options o) override;
    std::shared_ptr<client> make_another(std::string name,
                                         std::chrono::milliseconds timeout) override;
    void later(unique_function<void()> task) override;
    void stop() override;

private:
    void on_map(const slot_map& map) override;
    void on_no_map() override;

    void submit(unsigned slot, bool anywhere, std::string bytes, reply_handler handler);
    /// `inside`: of a call of this client, from which no handler may be called.
    void perform(cluster_router::steps steps, bool inside);
    void send(const command_ptr& c, const node_address& to, bool asking);
    void finish(const command_ptr& c, result<reply> outcome, bool inside);
    void after_steps();

    boost::asio::io_context& loop_;
    std::shared_ptr<cluster_topology> topology_;
    std::shared_ptr<cluster_nodes> nodes_;
    cluster_options options_;
    unsigned home_;  ///< a slot
    cluster_router router_;
    std::size_t pending_ = 0;
    std::size_t bytes_ = 0;
    boost::asio::steady_timer timer_;  ///< for the router's next_wake()
    std::optional<time_point> armed_for_;
    bool stopped_ = false;
};

}  // namespace chat_gateway::redis
