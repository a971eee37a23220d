#include "packet_log.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace chat_gateway::gateway {
namespace {

/// What an entry costs beside its frames: the block, the names of its rooms, its places in lists.
constexpr std::size_t entry_overhead = 256;

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

void packet_log::add(std::shared_ptr<const delivery> d, std::span<const room_id> rooms,
                     time_point now) {
    const auto position = ++last_;
    const bool for_everybody = d->rooms.empty();
    const std::size_t bytes = entry_overhead + d->bytes();
    entries_.push_back({std::move(d), now, static_cast<std::uint32_t>(bytes)});
    bytes_ += sizeof(entry) + bytes;
    if (for_everybody) remember(everybody_, position);
    for (const room_id room : rooms)
        note(room, position);
    // Remembered by no room: the position is taken all the same.
    if (entry& e = at(position); e.histories == 0) {
        bytes_ -= e.bytes;
        e.what.reset();
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
        if (!e.others) e.others = std::make_unique<std::vector<room_id>>();
        e.others->push_back(room);
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
    e.what.reset();
}

void packet_log::forget_in(history& h) {
    if (!h.positions.empty() && h.positions.front() == first_) forget_oldest(h);
}

void packet_log::drop_front() {
    const entry& oldest = entries_.front();
    if (oldest.what) {
        if (oldest.what->rooms.empty()) forget_in(everybody_);
        if (history* h = rooms_.find(oldest.first)) forget_in(*h);
        if (oldest.others) {
            for (const room_id room : *oldest.others) {
                if (history* h = rooms_.find(room)) forget_in(*h);
            }
        }
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
    while (!entries_.empty() && !entries_.front().what)
        pop_front();
}

void packet_log::expire(time_point now) {
    while (!entries_.empty() && now - entries_.front().when > options_.packet_time)
        drop_front();
}

void packet_log::shrink(std::size_t bytes) {
    while (bytes_ > bytes && !entries_.empty()) {
        if (entries_.front().what) counts_.add(metric::recovery_evicted_total);
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
        const auto& what = at(position).what;
        if (names.has_any(what->except)) continue;
        bytes += what->bytes();
        if (bytes > most_bytes) return std::nullopt;
        batch.push_back(what);
    }
    return batch;
}

}  // namespace chat_gateway::gateway
