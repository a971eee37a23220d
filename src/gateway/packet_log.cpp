#include "packet_log.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace chat_gateway::gateway {
namespace {

/// What a message costs beside its entry and its frames: their blocks, its places in lists.
constexpr std::size_t entry_overhead = 128;

/// The rooms' names, looked up by whoever asks; made when somebody does.
class name_set {
public:
    explicit name_set(const std::vector<held_room>& rooms) : rooms_(rooms) {}
    bool has_any(const std::vector<std::string>& names) {
        if (names.empty()) return false;
        if (names_.empty()) {
            for (const auto& room : rooms_)
                names_.insert(room.name);
        }
        return std::any_of(names.begin(), names.end(),
                           [&](const std::string& name) { return names_.contains(name); });
    }

private:
    const std::vector<held_room>& rooms_;
    std::unordered_set<std::string_view> names_;
};

}  // namespace

packet_log::room_id packet_log::open(std::uint64_t position) {
    const room_id room = rooms_.emplace();
    history& h = *rooms_.find(room);
    h.opened_at = position;
    // What a gap may have swallowed is not complete, whoever was silent then.
    h.incomplete_to = last_gap_ > position ? last_gap_ : 0;
    return room;
}

void packet_log::close(room_id room) {
    const auto* h = rooms_.find(room);
    if (!h) return;
    for (const auto position : h->positions)
        release(position);
    rooms_.erase(room);
    trim();
}

void packet_log::gap() {
    entries_.clear();
    bytes_ = 0;
    // A position of its own: whoever saw the last message may have missed one behind it all the
    // same.
    first_ = ++last_ + 1;
    last_gap_ = last_;
    everybody_.clear(last_);
    for (const room_id room : rooms_.handles())
        rooms_.find(room)->clear(last_);
}

std::shared_ptr<const delivery> packet_log::entry::as_delivery(std::uint64_t position) const {
    auto d = std::make_shared<delivery>();
    d->text = text;
    d->position = position;
    if (more) d->attachments = more->attachments;
    return d;
}

void packet_log::add(const delivery& d, std::span<const room_id> rooms, time_point now) {
    const auto position = ++last_;
    const std::size_t bytes = entry_overhead + d.bytes();
    entries_.push_back({.text = d.text, .when = now, .bytes = static_cast<std::uint32_t>(bytes)});
    bytes_ += sizeof(entry) + bytes;
    if (!d.attachments.empty() || !d.except.empty())
        at(position).more = std::make_unique<rest>(rest{d.attachments, d.except, {}});
    if (d.rooms.empty()) remember(everybody_, position);
    for (const room_id room : rooms)
        note(room, position);
    // Remembered by no room: the position is taken all the same.
    if (entry& e = at(position); e.histories == 0) {
        bytes_ -= e.bytes;
        e.forget();
    }
    trim();
}

void packet_log::note(room_id room, std::uint64_t position) {
    history* h = rooms_.find(room);
    if (!h) return;
    remember(*h, position);
    entry& e = at(position);
    if (!e.first) {
        e.first = room;
    } else {
        if (!e.more) e.more = std::make_unique<rest>();
        e.more->others.push_back(room);
    }
}

void packet_log::remember(history& h, std::uint64_t position) {
    entry& e = at(position);
    while (!h.positions.empty() && h.bytes + e.bytes > options_.room_bytes) {
        counts_.add(metric::recovery_evicted_room);
        forget_oldest(h);
    }
    if (e.bytes > options_.room_bytes) {
        counts_.add(metric::recovery_evicted_room);
        h.incomplete_to = position;
        return;
    }
    h.positions.push_back(position);
    h.bytes += e.bytes;
    ++e.histories;
}

void packet_log::forget_oldest(history& h) {
    const auto position = h.positions.front();
    h.incomplete_to = position;
    h.bytes -= at(position).bytes;
    h.positions.erase(h.positions.begin());
    if (h.positions.empty()) h.positions.shrink_to_fit();
    release(position);
}

void packet_log::release(std::uint64_t position) {
    entry& e = at(position);
    if (--e.histories != 0) return;
    bytes_ -= e.bytes;
    e.forget();
}

void packet_log::forget_in(history& h) {
    if (!h.positions.empty() && h.positions.front() == first_) forget_oldest(h);
}

void packet_log::drop_front() {
    // Forgetting ends in the last of its histories: what is needed behind that is taken before.
    const entry& oldest = entries_.front();
    const room_id first = oldest.first;
    const std::vector<room_id> others = oldest.more ? oldest.more->others : std::vector<room_id>{};
    if (oldest.kept() && !first) forget_in(everybody_);
    if (history* h = rooms_.find(first)) forget_in(*h);
    for (const room_id room : others) {
        if (history* h = rooms_.find(room)) forget_in(*h);
    }
    pop_front();
}

void packet_log::pop_front() {
    bytes_ -= sizeof(entry);
    entries_.pop_front();
    ++first_;
}

/// Positions that nobody remembers need no place once they are the oldest.
void packet_log::trim() {
    while (!entries_.empty() && !entries_.front().kept())
        pop_front();
}

void packet_log::expire(time_point now) {
    while (!entries_.empty() && now - entries_.front().when > options_.packet_time)
        drop_front();
}

void packet_log::shrink(std::size_t bytes) {
    while (bytes_ > bytes && !entries_.empty()) {
        if (entries_.front().kept()) counts_.add(metric::recovery_evicted_total);
        drop_front();
    }
}

/// False if messages above `floor` are not there any more.
bool packet_log::collect(const history& h, std::uint64_t floor, std::vector<std::uint64_t>& into) {
    // What was published before the bus had confirmed the room was for nobody here.
    floor = std::max(floor, h.opened_at);
    if (h.incomplete_to > floor) return false;
    const auto first = std::upper_bound(h.positions.begin(), h.positions.end(), floor);
    into.insert(into.end(), first, h.positions.end());
    return true;
}

std::optional<delivery_batch> packet_log::missed(std::uint64_t offset, std::uint64_t start,
                                                 const std::vector<held_room>& rooms,
                                                 std::span<const room_id> ids,
                                                 std::size_t most_bytes) {
    // What it may have missed while it was connected, it has missed for good.
    if (start < last_gap_) return std::nullopt;
    std::vector<std::uint64_t> positions;
    if (!collect(everybody_, std::max(offset, start), positions)) return std::nullopt;
    for (std::size_t i = 0; i < rooms.size(); ++i) {
        const history* h = rooms_.find(ids[i]);
        if (!h || !collect(*h, std::max(offset, rooms[i].from), positions)) return std::nullopt;
    }
    std::sort(positions.begin(), positions.end());
    positions.erase(std::unique(positions.begin(), positions.end()), positions.end());

    delivery_batch batch;
    name_set names(rooms);
    std::size_t bytes = 0;
    for (const auto position : positions) {
        const entry& e = at(position);
        if (e.more && names.has_any(e.more->except)) continue;
        batch.push_back(e.as_delivery(position));
        bytes += batch.back()->bytes();
        if (bytes > most_bytes) return std::nullopt;
    }
    return batch;
}

}  // namespace chat_gateway::gateway
