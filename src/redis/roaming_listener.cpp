#include "roaming_listener.hpp"

#include <algorithm>
#include <utility>

namespace chat_gateway::redis {

/// Where it is, and where to try next: the masters in turn, as the map has them.
struct roaming_listener::itinerary {
    std::shared_ptr<cluster_topology> topology;
    unsigned home;
    node_address current{};

    url next() {
        topology->doubt();  // whoever asks has just lost a node, or is new
        const slot_map& map = *topology->map();
        const auto& all = map.masters();
        const auto* const at_home = map.master_of(home);
        const auto last = std::ranges::find(all, current);
        if (last != all.end())
            current = all[static_cast<std::size_t>(last - all.begin() + 1) % all.size()];
        else
            current = at_home == nullptr ? all.front() : *at_home;
        return topology->nodes().url_of(current);
    }
};

roaming_listener::roaming_listener(boost::asio::io_context& loop,
                                   std::shared_ptr<cluster_topology> topology, unsigned home,
                                   listener_options options)
    : topology_(std::move(topology)),
      itinerary_(std::make_shared<itinerary>(itinerary{topology_, home})),
      subscriber_(std::make_shared<subscriber>(
          loop, [i = itinerary_] { return i->next(); }, std::move(options))) {}

void roaming_listener::start(message_handler handler, unique_function<void()> gap) {
    handler_ = std::move(handler);
    gap_ = std::move(gap);
    topology_->watch(weak_from_this());
    if (const auto* map = topology_->map()) on_map(*map);
}

void roaming_listener::stop() {
    stopped_ = true;
    subscriber_->stop();
}

void roaming_listener::subscribe(std::vector<std::string> channels, waiter done) {
    subscriber_->subscribe(std::move(channels), std::move(done));
}

void roaming_listener::unsubscribe(const std::vector<std::string>& channels) {
    subscriber_->unsubscribe(channels);
}

void roaming_listener::pause(bool paused) {
    subscriber_->pause(paused);
}

void roaming_listener::on_map(const slot_map& map) {
    if (stopped_) return;
    if (!std::exchange(started_, true))
        subscriber_->start(std::move(handler_), std::move(gap_));
    else if (!map.has(itinerary_->current))
        subscriber_->move_on("it is no master any more");
}

}  // namespace chat_gateway::redis
