#include "cluster_router.hpp"

#include <algorithm>
#include <utility>

namespace chat_gateway::redis {
namespace {

using kind = routing_step::kind;

routing_step finish(command_ptr c, result<reply> outcome) {
    return {kind::finish, std::move(c), {}, std::move(outcome)};
}

}  // namespace

cluster_router::cluster_router(router_options options,
                               unique_function<bool(const node_address&)> reachable)
    : options_(std::move(options)), reachable_(std::move(reachable)) {}

cluster_router::lane& cluster_router::at_lane(lane_id id) {
    return lanes_.try_emplace(id, lane{.retry = options_.retry}).first->second;
}

/// Null: nobody has the slot, or nobody is there at all.
const node_address* cluster_router::target_of(const cluster_command& c) {
    const node_address* const owner = map_.master_of(c.slot);
    if (!c.anywhere || (owner != nullptr && reachable_(*owner))) return owner;
    const auto& all = map_.masters();
    const auto own = owner == nullptr ? all.begin() : std::ranges::find(all, *owner);
    const auto next = static_cast<std::size_t>(own - all.begin());
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto& other = all[(next + i) % all.size()];
        if (reachable_(other)) return &other;
    }
    return owner;
}

void cluster_router::hold(lane_id id, lane& l, const command_ptr& c) {
    l.held.emplace(c->number, c);
    waiting_.insert(id);
}

cluster_router::steps cluster_router::submit(command_ptr c, time_point now) {
    steps out;
    if (!known_ && given_up_) {
        doubt_ = true;
        out.push_back(finish(std::move(c), make_error_code(errc::unavailable)));
        return out;
    }
    c->number = ++last_number_;
    c->since = now;
    const lane_id id = lane_of(*c);
    lane& l = at_lane(id);
    const node_address* const to = known_ ? target_of(*c) : nullptr;
    const bool in_order = l.held.empty() && (l.in_flight == 0 || (to != nullptr && l.at == *to));
    if (known_ && in_order) {
        send_or_fail(l, c, out);
        if (l.in_flight == 0) lanes_.erase(id);
    } else {
        hold(id, l, c);
    }
    return out;
}

void cluster_router::send_or_fail(lane& l, const command_ptr& c, steps& out) {
    const node_address* const to = target_of(*c);
    if (to == nullptr) {
        doubt_ = true;
        out.push_back(finish(c, make_error_code(errc::unavailable)));
        return;
    }
    ++l.in_flight;
    l.at = *to;
    out.push_back({kind::send, c, *to});
}

cluster_router::steps cluster_router::answered(const command_ptr& c, const node_address& asked,
                                               result<reply> answer, time_point now) {
    steps out;
    const lane_id id = lane_of(*c);
    lane& l = at_lane(id);
    --l.in_flight;
    if (answer && answer->is_error()) {
        redirect(id, l, c, asked, std::move(*answer), now, out);
    } else {
        // Whether a node that is lost has executed it is not known: it is not sent again.
        if (!answer && answer.error() != errc::overloaded) doubt_ = true;
        out.push_back(finish(c, std::move(answer)));
    }
    release(id, now, out);
    return out;
}

void cluster_router::redirect(lane_id id, lane& l, const command_ptr& c, const node_address& asked,
                              reply r, time_point now, steps& out) {
    using redirected = redirection::kind;
    const auto to = redirection_of(r.text, asked);
    const bool goes_on = to.what == redirected::not_now ? now < c->since + options_.retry_for
                                                        : ++c->hops <= options_.max_hops;
    if (to.what != redirected::none && to.what != redirected::ask) doubt_ = true;
    if (to.what == redirected::none || !goes_on) {
        out.push_back(finish(c, std::move(r)));
        return;
    }
    if (to.what == redirected::ask) {
        ++l.in_flight;
        out.push_back({kind::send_asking, c, to.to});
        return;
    }
    if (to.what == redirected::moved) map_.move(to.slot, to.to);
    // Nodes that send each other's clients to and fro have not agreed yet.
    if (to.what == redirected::not_now || c->hops > 1) {
        c->refusal = std::move(r);
        l.not_before = std::max(l.not_before, now + l.retry.next());
    }
    hold(id, l, c);
}

/// Sends what is held if it may go; forgets a lane with nothing in it.
void cluster_router::release(lane_id id, time_point now, steps& out) {
    const auto found = lanes_.find(id);
    if (found == lanes_.end()) return;
    lane& l = found->second;
    if (!l.held.empty() && known_ && l.in_flight == 0 && now >= l.not_before) {
        for (auto& [number, c] : std::exchange(l.held, {}))
            send_or_fail(l, c, out);
    }
    if (l.held.empty()) waiting_.erase(id);
    if (l.held.empty() && l.in_flight == 0) lanes_.erase(found);
}

cluster_router::steps cluster_router::use(slot_map map, time_point now) {
    map_ = std::move(map);
    known_ = true;
    given_up_ = false;
    steps out;
    for (const lane_id id : std::set(waiting_))
        release(id, now, out);
    return out;
}

cluster_router::steps cluster_router::give_up() {
    given_up_ = true;
    return known_ ? steps() : take_waiting(errc::unavailable);
}

cluster_router::steps cluster_router::wake(time_point now) {
    steps out;
    for (const lane_id id : std::set(waiting_)) {
        lane& l = lanes_.at(id);
        while (!l.held.empty() && l.held.begin()->second->since + options_.wait_for <= now) {
            const auto c = l.held.extract(l.held.begin()).mapped();
            out.push_back(finish(c, c->refusal ? result<reply>(*std::move(c->refusal))
                                               : make_error_code(errc::timeout)));
        }
        release(id, now, out);
    }
    return out;
}

std::optional<time_point> cluster_router::next_wake() const {
    std::optional<time_point> next;
    for (const lane_id id : waiting_) {
        const lane& l = lanes_.at(id);
        auto due = l.held.begin()->second->since + options_.wait_for;
        if (known_ && l.in_flight == 0) due = std::min(due, l.not_before);
        if (!next || due < *next) next = due;
    }
    return next;
}

cluster_router::steps cluster_router::take_waiting(errc why) {
    steps out;
    for (const lane_id id : std::exchange(waiting_, {})) {
        const auto found = lanes_.find(id);
        for (auto& [number, c] : std::exchange(found->second.held, {}))
            out.push_back(finish(c, make_error_code(why)));
        if (found->second.in_flight == 0) lanes_.erase(found);
    }
    return out;
}

bool cluster_router::take_doubt() {
    return std::exchange(doubt_, false);
}

}  // namespace chat_gateway::redis
