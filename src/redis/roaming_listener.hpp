#pragma once

#include "cluster_topology.hpp"
#include "listener.hpp"
#include "subscriber.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace chat_gateway::redis {

/// Listens to the channels of PUBLISH in a Redis Cluster, at one master: the nodes pass them on to
/// each other. First where `home` says, and at another one when that is lost or is no master any
/// more. Lives on its loop; not thread-safe.
class roaming_listener final : public channel_listener,
                               public topology_watcher,
                               public std::enable_shared_from_this<roaming_listener> {
public:
    /// `home`: a slot.
    roaming_listener(boost::asio::io_context& loop, std::shared_ptr<cluster_topology> topology,
                     unsigned home, listener_options options);

    /// Once, when a shared_ptr holds it.
    void start(message_handler handler, unique_function<void()> gap) override;
    void stop() override;
    void subscribe(std::vector<std::string> channels, waiter done) override;
    void unsubscribe(const std::vector<std::string>& channels) override;
    void pause(bool paused) override;
    [[nodiscard]] bool is_up() const override { return subscriber_->is_up(); }
    [[nodiscard]] std::uint64_t reconnects() const override { return subscriber_->reconnects(); }

private:
    struct itinerary;
    void on_map(const slot_map& map) override;

    std::shared_ptr<cluster_topology> topology_;
    std::shared_ptr<itinerary> itinerary_;
    std::shared_ptr<subscriber> subscriber_;
    message_handler handler_;
    unique_function<void()> gap_;
    bool started_ = false;  ///< there has been a map
    bool stopped_ = false;
};

}  // namespace chat_gateway::redis
