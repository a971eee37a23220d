#pragma once

#include "client.hpp"
#include "cluster_slots.hpp"
#include "reply.hpp"

#include <chat_gateway/base/backoff.hpp>
#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/base/unique_function.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace chat_gateway::redis {

/// A command on its way through a Redis Cluster.
struct cluster_command {
    std::string bytes;  ///< as it goes over the wire; kept, it may have to go again
    client::reply_handler handler;
    unsigned slot = 0;
    bool anywhere = false;  ///< it has no key: `slot` only says which node is preferred

    // The router's.
    std::uint64_t number = 0;
    unsigned hops = 0;  ///< redirections so far
    time_point since{};
    std::optional<reply> refusal{};  ///< why it waits: the last "not now"
};
using command_ptr = std::shared_ptr<cluster_command>;

/// What is to be done with a command now.
struct routing_step {
    enum class kind : std::uint8_t {
        send,         ///< to `to`
        send_asking,  ///< to `to`, behind ASKING
        finish,       ///< its handler gets `outcome`
    };
    kind what;
    command_ptr command;
    node_address to{};
    result<reply> outcome = make_error_code(errc::closed);
};

struct router_options {
    unsigned max_hops = 5;
    std::chrono::milliseconds retry_for{1000};  ///< TRYAGAIN, CLUSTERDOWN: after that it is told
    std::chrono::milliseconds wait_for{5000};   ///< for the first map, or for those before it
    backoff retry{std::chrono::milliseconds(20), std::chrono::milliseconds(500)};
};

/// Which command goes to which node of a Redis Cluster, when, and again when it is redirected.
/// Pure. Commands of one slot are executed in the order in which they were submitted: while one of
/// them has to go again, or what was sent to another node is unanswered, those behind it wait.
/// Whoever calls does the steps it returns, in order.
class cluster_router {
public:
    using steps = std::vector<routing_step>;

    /// `reachable`: whether a node would take a command now; asked for commands without a key.
    cluster_router(router_options options, unique_function<bool(const node_address&)> reachable);

    steps submit(command_ptr c, time_point now);
    /// What came of one that was sent to `asked`.
    steps answered(const command_ptr& c, const node_address& asked, result<reply> answer,
                   time_point now);
    /// A new map.
    steps use(slot_map map, time_point now);
    /// No map can be had; until there is one, commands fail at once.
    steps give_up();
    /// At next_wake(): what had to wait, or has waited for too long.
    steps wake(time_point now);
    [[nodiscard]] std::optional<time_point> next_wake() const;
    /// All that wait, to be finished with `why`.
    steps take_waiting(errc why);

    [[nodiscard]] const slot_map& map() const { return map_; }
    /// True once after something has shown that the map is not right any more.
    [[nodiscard]] bool take_doubt();

private:
    struct lane {
        std::size_t in_flight = 0;
        node_address at{};  ///< where what is in flight was sent
        std::map<std::uint64_t, command_ptr> held{};
        time_point not_before{};
        backoff retry;
    };
    using lane_id = unsigned;
    static lane_id lane_of(const cluster_command& c) {
        return c.anywhere ? slot_count + c.slot : c.slot;
    }
    lane& at_lane(lane_id id);
    [[nodiscard]] const node_address* target_of(const cluster_command& c);
    void hold(lane_id id, lane& l, const command_ptr& c);
    void redirect(lane_id id, lane& l, const command_ptr& c, const node_address& asked, reply r,
                  time_point now, steps& out);
    void release(lane_id id, time_point now, steps& out);
    void send_or_fail(lane& l, const command_ptr& c, steps& out);

    router_options options_;
    unique_function<bool(const node_address&)> reachable_;
    slot_map map_;
    bool known_ = false;
    bool given_up_ = false;
    bool doubt_ = false;
    std::uint64_t last_number_ = 0;
    std::unordered_map<lane_id, lane> lanes_;  ///< those with something in flight or held
    std::set<lane_id> waiting_;                ///< those with something held
};

}  // namespace chat_gateway::redis
