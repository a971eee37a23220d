#pragma once

#include "cluster_topology.hpp"
#include "listener.hpp"
#include "subscriber.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace chat_gateway::redis {

/// Listens at every master of a Redis Cluster, for what a node tells of itself only: keyspace
/// notifications. Masters come and go with the map; one that comes late is a gap, as is one that
/// goes. Lives on its loop; not thread-safe.
class every_master_listener final : public channel_listener,
                                    public topology_watcher,
                                    public std::enable_shared_from_this<every_master_listener> {
public:
    every_master_listener(boost::asio::io_context& loop, std::shared_ptr<cluster_topology> topology,
                          listener_options options);
    ~every_master_listener() override;
    every_master_listener(const every_master_listener&) = delete;
    every_master_listener& operator=(const every_master_listener&) = delete;

    /// Once, when a shared_ptr holds it.
    void start(message_handler handler, unique_function<void()> gap) override;
    void stop() override;
    /// Done when they are in force at all masters that are known now, or at the first to be known.
    void subscribe(std::vector<std::string> channels, waiter done) override;
    void unsubscribe(const std::vector<std::string>& channels) override;
    void pause(bool paused) override;
    [[nodiscard]] bool is_up() const override;
    [[nodiscard]] std::uint64_t reconnects() const override;

private:
    struct joint_waiter;
    void on_map(const slot_map& map) override;
    void open(const node_address& node, bool late);

    boost::asio::io_context& loop_;
    std::shared_ptr<cluster_topology> topology_;
    listener_options options_;
    std::map<node_address, std::shared_ptr<subscriber>> masters_;
    std::vector<std::string> wanted_;
    std::vector<waiter> early_;  ///< before there was a map
    message_handler handler_;
    unique_function<void()> gap_;
    std::uint64_t left_ = 0;  ///< reconnects of masters that are gone
    bool paused_ = false;
    bool stopped_ = false;
};

}  // namespace chat_gateway::redis
