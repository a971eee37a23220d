#include "replay.hpp"

#include <algorithm>
#include <utility>

namespace chat_gateway::gateway {

void replay::add(std::uint64_t floor, const std::vector<held_room>& rooms) {
    const std::size_t who = absent_.size();
    absent_.push_back({.floor = floor});
    from_ = std::min(from_, floor);
    floors_[floor].push_back(who);
    for (const auto& room : rooms)
        rooms_[room.name].push_back({who, std::max(room.from, floor)});
}

void replay::note_floor(std::uint64_t position) {
    const auto found = floors_.find(position);
    if (found == floors_.end()) return;
    for (const std::size_t who : found->second)
        absent_[who].seen = true;
}

void replay::take(chat::recovery_store::past&& p, encode_function& encode) {
    note_floor(p.position);
    if (p.after_loss) {
        for (auto& one : absent_)
            one.lost = one.lost || one.floor < p.position;
    }
    if (!p.what || p.what->volatile_ || p.what->nsp != "/") return;
    const auto whom = wanted_by(p.position, p.what->rooms, p.what->except);
    if (!whom.empty()) give(whom, encode(std::move(*p.what)));
}

void replay::take(const std::shared_ptr<const delivery>& d) {
    if (d->droppable) return;
    give(wanted_by(d->position, d->rooms, d->except), d);
}

std::vector<std::size_t> replay::wanted_by(std::uint64_t position,
                                           std::span<const std::string> rooms,
                                           std::span<const std::string> except) const {
    std::vector<std::size_t> whom;
    if (rooms.empty()) {
        for (std::size_t who = 0; who < absent_.size(); ++who) {
            if (absent_[who].floor < position && !absent_[who].lost) whom.push_back(who);
        }
    }
    for (const auto& room : rooms) {
        const auto members = rooms_.find(room);
        if (members == rooms_.end()) continue;
        for (const membership& m : members->second) {
            if (m.from < position && !absent_[m.who].lost) whom.push_back(m.who);
        }
    }
    if (!except.empty() && !whom.empty()) {
        std::vector<bool> out(absent_.size());
        for (const auto& room : except) {
            const auto members = rooms_.find(room);
            if (members == rooms_.end()) continue;
            for (const membership& m : members->second)
                out[m.who] = true;
        }
        std::erase_if(whom, [&](std::size_t who) { return out[who]; });
    }
    if (rooms.size() > 1) {
        std::ranges::sort(whom);
        whom.erase(std::ranges::unique(whom).begin(), whom.end());
    }
    return whom;
}

void replay::give(const std::vector<std::size_t>& whom, const std::shared_ptr<const delivery>& d) {
    if (whom.empty()) return;
    bytes_ += sizeof(delivery) + d->bytes();
    const bool too_much = bytes_ > total_bytes_;
    for (const std::size_t who : whom) {
        absentee& one = absent_[who];
        one.bytes += d->bytes();
        // Remembered as lost, not kept: it would be too much for its socket, or for the gateway.
        if (too_much || one.bytes > most_bytes_) {
            one.lost = true;
            one.batch = {};
        } else {
            one.batch.push_back(d);
        }
    }
}

std::optional<delivery_batch> replay::missed(std::size_t n) {
    absentee& one = absent_[n];
    if (!one.seen || one.lost) return std::nullopt;
    return std::move(one.batch);
}

}  // namespace chat_gateway::gateway
