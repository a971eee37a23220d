#pragma once

#include "cluster_topology.hpp"
#include "listener.hpp"
#include "listening_link.hpp"
#include "shard_subscriptions.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::redis {

/// Listens to sharded channels of a Redis Cluster: one connection to each master, each channel at
/// the master of its slot (shard_subscriptions), also after the slot has moved or its master has
/// been replaced. Lives on its loop; not thread-safe.
class cluster_listener final : public channel_listener,
                               public topology_watcher,
                               public std::enable_shared_from_this<cluster_listener> {
public:
    /// A node that is no master any more, by all maps of such a time, is left.
    static constexpr std::chrono::milliseconds farewell{2000};

    cluster_listener(boost::asio::io_context& loop, std::shared_ptr<cluster_topology> topology,
                     listener_options options);
    ~cluster_listener() override;
    cluster_listener(const cluster_listener&) = delete;
    cluster_listener& operator=(const cluster_listener&) = delete;

    /// Once, when a shared_ptr holds it.
    void start(message_handler handler, unique_function<void()> gap) override;
    void stop() override;
    void subscribe(std::vector<std::string> channels, waiter done) override;
    void unsubscribe(const std::vector<std::string>& channels) override;
    void pause(bool paused) override;
    /// Whether everything that has been in force is so now.
    [[nodiscard]] bool is_up() const override { return !stopped_ && subscriptions_.is_whole(); }
    /// Of the connections to all masters.
    [[nodiscard]] std::uint64_t reconnects() const override { return losses_; }

private:
    /// The connection to one master.
    struct ear final : listening_owner {
        ear(cluster_listener& l, node_address n) : listener(l), node(std::move(n)) {}
        void on_up() override {
            up = true;
            listener.on_up(node);
        }
        [[nodiscard]] bool on_reply(const reply& r) override { return listener.on_reply(node, r); }
        void on_messages(std::span<const published> batch) override { listener.on_messages(batch); }
        void on_down() override {
            if (std::exchange(up, false)) ++listener.losses_;
            listener.on_down(node);
        }

        cluster_listener& listener;  ///< stops the link before it goes
        node_address node;
        std::shared_ptr<listening_link> link;
        std::optional<time_point> absent_since;  ///< in the maps
        bool up = false;
    };

    void on_map(const slot_map& map) override;
    void on_up(const node_address& node);
    [[nodiscard]] bool on_reply(const node_address& node, const reply& r);
    void on_messages(std::span<const published> batch);
    void on_down(const node_address& node);

    void open(const node_address& node);
    void leave_absent();
    void send_commands();
    /// Tells of gaps and waiters; from the loop only.
    void report();
    void report_later();
    void arm();

    boost::asio::io_context& loop_;
    std::shared_ptr<cluster_topology> topology_;
    listener_options options_;
    shard_subscriptions subscriptions_;
    std::map<node_address, std::shared_ptr<ear>> ears_;
    message_handler handler_;
    unique_function<void()> gap_;
    boost::asio::steady_timer timer_;     ///< for the next attempt of subscriptions_
    boost::asio::steady_timer farewell_;  ///< for nodes that are absent
    bool report_due_ = false;
    bool paused_ = false;
    bool stopped_ = false;
    std::uint64_t losses_ = 0;
};

}  // namespace chat_gateway::redis
