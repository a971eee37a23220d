#include "handshake_gate.hpp"

#include <utility>

namespace chat_gateway::gateway {

handshake_gate::pass::pass(std::shared_ptr<queue> q, time_point since)
    : queue_(std::move(q)), since_(since), before_(queue_->newest) {
    (before_ ? before_->behind_ : queue_->oldest) = this;
    queue_->newest = this;
    ++queue_->size;
    queue_->counts.add(metric::handshakes_under_way);
}

handshake_gate::pass::~pass() {
    (before_ ? before_->behind_ : queue_->oldest) = behind_;
    (behind_ ? behind_->before_ : queue_->newest) = before_;
    --queue_->size;
    queue_->counts.subtract(metric::handshakes_under_way);
}

handshake_gate::handshake_gate(handshake_bounds bounds, metrics_block& counts)
    : bounds_(bounds), queue_(std::make_shared<queue>(queue{counts})) {}

handshake_gate::verdict handshake_gate::judge(time_point now) const {
    if (size() >= bounds_.most) return verdict::too_many;
    if (size() >= bounds_.crowd && longest(now) > bounds_.patience) return verdict::too_slow;
    return verdict::open;
}

std::unique_ptr<handshake_gate::pass> handshake_gate::enter(time_point now) const {
    return std::make_unique<pass>(queue_, now);
}

std::size_t handshake_gate::size() const {
    return queue_->size;
}

steady_clock::duration handshake_gate::longest(time_point now) const {
    return queue_->oldest ? now - queue_->oldest->since_ : steady_clock::duration{};
}

}  // namespace chat_gateway::gateway
