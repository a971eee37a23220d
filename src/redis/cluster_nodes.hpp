#pragma once

#include "cluster_slots.hpp"
#include "connection.hpp"

#include <chat_gateway/redis/redis.hpp>

#include <boost/asio/io_context.hpp>

#include <map>
#include <memory>

namespace chat_gateway::redis {

/// Command connections to nodes of a cluster, one each, made when first asked for. Lives on its
/// loop; not thread-safe.
class cluster_nodes {
public:
    /// `like`: user, password and encryption, the same for all nodes.
    cluster_nodes(boost::asio::io_context& loop, url like, connection_options options)
        : loop_(loop), like_(std::move(like)), options_(std::move(options)) {}

    connection& at(const node_address& node);
    /// Whether it takes commands now; one that nobody has asked for would.
    [[nodiscard]] bool takes_commands(const node_address& node) const;
    /// Lets go of all others that nothing is expected of any more.
    void keep_only(const slot_map& map);
    /// Unanswered commands fail with errc::closed.
    void stop();

    [[nodiscard]] url url_of(const node_address& node) const;
    [[nodiscard]] const connection_options& options() const { return options_; }

private:
    boost::asio::io_context& loop_;
    url like_;
    connection_options options_;
    std::map<node_address, std::shared_ptr<connection>> connections_;
};

}  // namespace chat_gateway::redis
