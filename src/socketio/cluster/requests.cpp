#include <chat_gateway/socketio/cluster/requests.hpp>

#include <algorithm>
#include <utility>

namespace chat_gateway::socketio::cluster {
namespace {

bool answers_to(response_kind answer, request_kind asked) {
    switch (asked) {
        case request_kind::sockets:
            return answer == response_kind::sockets;
        case request_kind::all_rooms:
            return answer == response_kind::rooms;
        case request_kind::fetch_sockets:
            return answer == response_kind::fetched;
        case request_kind::server_side_emit:
            return answer == response_kind::server_side;
        case request_kind::broadcast:
            return answer == response_kind::client_count || answer == response_kind::client_ack;
        case request_kind::join:
        case request_kind::leave:
        case request_kind::disconnect:
            return answer == response_kind::done;
    }
    return false;
}

}  // namespace

bool requests::open(const std::string& id, request_kind kind, std::size_t nodes,
                    time_point deadline, handler done) {
    if (nodes == 0) {
        done({});
        return true;
    }
    if (open_.size() >= max_open) return false;
    open_.emplace(id, question{kind, deadline, std::move(done), {{}, 0, nodes}});
    return true;
}

void requests::take(response r) {
    const auto found = open_.find(r.id);
    if (found == open_.end() || !answers_to(r.kind, found->second.kind)) return;
    answers& got = found->second.got;
    if (r.kind != response_kind::client_ack && got.missing > 0) --got.missing;
    if (r.kind == response_kind::client_count)
        got.count += r.count;
    else
        got.responses.push_back(std::move(r));
    if (got.complete(found->second.kind)) finish(found);
}

void requests::give_up(time_point now) {
    // A handler may answer or open other questions.
    std::vector<std::string> due;
    for (const auto& [id, q] : open_) {
        if (q.deadline <= now) due.push_back(id);
    }
    for (const auto& id : due) {
        const auto found = open_.find(id);
        if (found != open_.end()) finish(found);
    }
}

std::optional<time_point> requests::next_deadline() const {
    std::optional<time_point> next;
    for (const auto& [id, q] : open_)
        next = std::min(next.value_or(q.deadline), q.deadline);
    return next;
}

/// A handler may open the next question: it is called when this one is gone.
void requests::finish(place at) {
    question done = std::move(at->second);
    open_.erase(at);
    done.done(std::move(done.got));
}

}  // namespace chat_gateway::socketio::cluster
