#pragma once

#include "cluster_nodes.hpp"
#include "cluster_slots.hpp"
#include "reply.hpp"

#include <chat_gateway/base/backoff.hpp>
#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/scheduler.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace chat_gateway::redis {

/// Is told of the cluster's map; called from the loop.
class topology_watcher {
public:
    virtual ~topology_watcher() = default;
    /// The first map, or another one.
    virtual void on_map(const slot_map& map) = 0;
    /// No node could be asked so far; it goes on being tried.
    virtual void on_no_map() {}
};

struct topology_options {
    std::chrono::milliseconds calm{30'000};    ///< the map is asked for this often
    std::chrono::milliseconds doubt{30'000};   ///< and more often for so long after a doubt
    std::chrono::milliseconds patience{1000};  ///< with one node, before another is asked too
    backoff retry{std::chrono::milliseconds(100), std::chrono::milliseconds(1000)};
};

/// Which node of a Redis Cluster is the master of which slots, as the nodes themselves tell. One
/// node after the other is asked until one knows: first the masters of the last map in a random
/// order, then the seeds. What a node says that finds itself cut off from the others (cluster_state
/// is not ok) counts only if no other can be asked. Lives on its loop; not thread-safe.
class cluster_topology final : public std::enable_shared_from_this<cluster_topology> {
public:
    cluster_topology(boost::asio::io_context& loop, std::vector<node_address> seeds,
                     std::shared_ptr<cluster_nodes> nodes, topology_options options);

    /// Once, when a shared_ptr holds it.
    void start();
    void stop();
    /// Null: not known yet.
    [[nodiscard]] const slot_map* map() const { return map_ ? &*map_ : nullptr; }
    /// Something has shown that the map may be out of date.
    void doubt();
    /// From the next change on. Not kept alive.
    void watch(std::weak_ptr<topology_watcher> watcher);
    [[nodiscard]] cluster_nodes& nodes() { return *nodes_; }

private:
    void begin_round();
    void ask_next(bool late);
    void ask(const node_address& node);
    void on_slots(const node_address& asked, bool state_ok, const result<reply>& answer);
    void end_round(std::optional<slot_map> found);
    void adopt(slot_map map);
    void schedule(steady_clock::duration after);
    template <class Call>
    void tell(Call call);

    std::vector<node_address> seeds_;
    std::shared_ptr<cluster_nodes> nodes_;
    topology_options options_;
    std::optional<slot_map> map_;
    std::vector<std::weak_ptr<topology_watcher>> watchers_;

    boost::asio::steady_timer next_round_;
    boost::asio::steady_timer next_node_;  ///< while one does not answer
    std::uint64_t round_ = 0;
    bool asking_ = false;                   ///< a round is under way
    std::vector<node_address> candidates_;  ///< of the round, not asked yet; the next is the last
    std::size_t unanswered_ = 0;
    std::optional<slot_map> second_best_;  ///< from a node that is cut off
    time_point round_began_{};
    time_point doubtful_until_{};
    bool stopped_ = false;
};

}  // namespace chat_gateway::redis
