#include "shard_impl.hpp"

#include <algorithm>
#include <utility>

namespace chat_gateway::gateway {

void shard::impl::deliver(const delivery_batch& batch) {
    for (const auto& d : batch)
        deliver(*d);
    if (!batch.empty()) reads_.push_back({batch.front()->read, batch.size()});
}

/// One look at the clock for all that a tick has written.
void shard::impl::note_fan_out() {
    if (reads_.empty()) return;
    const time_point now = loop_.now();
    for (const auto& read : reads_)
        counts_.observe(distribution::fan_out, now - read.at, read.messages);
    reads_.clear();
}

void shard::impl::deliver(const delivery& d) {
    position_ = std::max(position_, d.position);
    const wire_ref text(d.text);
    std::vector<wire_ref> attachments;
    for (const auto& bytes : d.attachments)
        attachments.emplace_back(bytes);
    std::uint64_t reached = 0;
    const auto give = [&](member_id m) {
        const slot_handle session{m, connected_[m]};
        if (!session) return;
        if (d.droppable && !engine_.writable(session)) return;
        engine_.send(session, text);
        for (const auto& bytes : attachments)
            engine_.send(session, bytes);
        if (d.position != 0) note_given(m, d.position);
        ++reached;
    };
    // The way of nearly every message: one room, nobody left out.
    if (d.rooms.size() == 1 && d.except.empty() && !socket_named(d.rooms.front())) {
        auto* tally = rooms_.visit(
            d.rooms.front(), [&](member_id m) { engine_.expect(m); }, give);
        if (tally) tally->sent += reached;
    } else {
        count_sent(d);
        for (const member_id m : targets_of(d.rooms, d.except))
            give(m);
    }
    counts_.add(metric::deliveries, reached);
}

/// A message to several rooms counts for the first of them that a socket is in.
void shard::impl::count_sent(const delivery& d) {
    std::uint64_t here = 0;
    rooms_.for_each_member(
        d.rooms, d.except, [&](member_id m) { here += connected_[m] != 0 ? 1 : 0; },
        [&](socketio::room_index::tally& t) { t.sent += std::exchange(here, 0); });
}

/// Rooms, socket ids and everybody, each socket once.
std::vector<member_id> shard::impl::targets_of(const std::vector<std::string>& rooms,
                                               const std::vector<std::string>& except) {
    std::vector<member_id> targets;
    if (rooms.empty()) {
        for (const auto& s : sockets_) {
            if (s) targets.push_back(s->session.index);
        }
        std::erase_if(targets, [&](member_id m) {
            return std::any_of(except.begin(), except.end(),
                               [&](const auto& room) { return rooms_.contains(m, room); });
        });
    } else {
        rooms_.for_each_member(rooms, except, [&](member_id m) { targets.push_back(m); });
        for (const auto& room : rooms) {
            const chat_socket* s = socket_named(room);
            if (!s) continue;
            const member_id m = s->session.index;
            const bool out = std::any_of(except.begin(), except.end(),
                                         [&](const auto& r) { return rooms_.contains(m, r); });
            if (!out) targets.push_back(m);
        }
    }
    for (const auto& name : except) {
        if (const chat_socket* s = socket_named(name)) std::erase(targets, s->session.index);
    }
    std::sort(targets.begin(), targets.end());
    targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
    return targets;
}

/// A socket is alone in the room of its own id; that room needs no entry in the index, unless the
/// id is of an earlier connection and names another place.
chat_socket* shard::impl::socket_named(std::string_view name) {
    const auto id = public_id::parse(name);
    if (!id || id->shard() != options_.engine.shard || id->index() >= sockets_.size())
        return nullptr;
    chat_socket* s = sockets_[id->index()].get();
    return s && s->id == *id ? s : nullptr;
}

}  // namespace chat_gateway::gateway
