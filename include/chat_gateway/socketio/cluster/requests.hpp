#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/socketio/cluster/request.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace chat_gateway::socketio::cluster {

/// What came back on a request.
struct answers {
    std::vector<response> responses{};  ///< of broadcast: the clients' acks
    std::uint64_t count = 0;            ///< of broadcast: clients that were asked
    std::size_t missing = 0;            ///< nodes that have not answered in time
    /// Everybody who was asked has answered.
    [[nodiscard]] bool complete(request_kind k) const {
        return missing == 0 && (k != request_kind::broadcast || responses.size() >= count);
    }
};

/// Questions that this node has put to the cluster: who has answered, and when to give up. Pure;
/// lives on the services loop.
class requests {
public:
    static constexpr std::size_t max_open = 1000;
    /// Called once, from inside take() or give_up().
    using handler = unique_function<void(answers)>;

    /// `id` is the request's; `nodes` will answer, this one counted if it answers itself: none, and
    /// the handler is called at once. False: too many are open.
    [[nodiscard]] bool open(const std::string& id, request_kind kind, std::size_t nodes,
                            time_point deadline, handler done);
    /// An answer, one's own too. Unknown ids, and kinds that do not answer the question, are
    /// dropped.
    void take(response r);
    /// The deadlines that have come: their handlers get what is there.
    void give_up(time_point now);
    [[nodiscard]] std::optional<time_point> next_deadline() const;
    [[nodiscard]] std::size_t size() const { return open_.size(); }

private:
    struct question {
        request_kind kind;
        time_point deadline;
        handler done;
        answers got;  ///< `missing` nodes are still awaited
    };
    using place = std::map<std::string, question>::iterator;
    void finish(place at);

    std::map<std::string, question> open_;
};

}  // namespace chat_gateway::socketio::cluster
