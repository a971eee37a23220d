#include "cluster_nodes.hpp"

namespace chat_gateway::redis {

url cluster_nodes::url_of(const node_address& node) const {
    url where = like_;
    where.host = node.host;
    where.port = std::to_string(node.port);
    return where;
}

connection& cluster_nodes::at(const node_address& node) {
    auto& held = connections_[node];
    if (!held) {
        held = std::make_shared<connection>(loop_, url_of(node), options_);
        held->start();
    }
    return *held;
}

bool cluster_nodes::takes_commands(const node_address& node) const {
    const auto found = connections_.find(node);
    return found == connections_.end() || found->second->takes_commands();
}

void cluster_nodes::keep_only(const slot_map& map) {
    for (auto it = connections_.begin(); it != connections_.end();) {
        if (map.has(it->first) || it->second->pending() > 0) {
            ++it;
            continue;
        }
        it->second->stop();
        it = connections_.erase(it);
    }
}

void cluster_nodes::stop() {
    for (auto& [node, held] : connections_)
        held->stop();
    connections_.clear();
}

}  // namespace chat_gateway::redis
