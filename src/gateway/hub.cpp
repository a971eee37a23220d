#include "packet_log.hpp"
#include "stored_recovery.hpp"
#include "suspended_sessions.hpp"

#include <chat_gateway/base/random.hpp>
#include <chat_gateway/gateway/hub.hpp>
#include <chat_gateway/socketio/stream_position.hpp>

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace chat_gateway::gateway {
namespace {

constexpr std::size_t epoch_length = 6;
void count(std::uint32_t& n) {
    if (n != ~std::uint32_t{0}) ++n;
}

/// Rooms that are looked at for silent ones, which most are.
constexpr std::size_t most_looked_at = 10'000;
/// How often messages and sessions that are too old are looked for.
constexpr std::chrono::seconds tidy_interval{1};

}  // namespace

hub::hub(scheduler& timers, chat::message_bus& bus, metrics_block& counts, unsigned shards,
         recovery_options recovery, deliver_function deliver)
    : timers_(timers),
      bus_(bus),
      counts_(counts),
      shards_(shards),
      recovery_(recovery),
      deliver_(std::move(deliver)),
      offsets_(random_token(epoch_length)),
      log_(std::make_unique<packet_log>(recovery, counts)),
      suspended_(std::make_unique<suspended_sessions>(recovery, counts)) {}

hub::~hub() = default;

void hub::acquire(unsigned shard, std::vector<std::string> taken,
                  unique_function<void(std::uint64_t)> done) {
    std::vector<std::string> fresh;
    for (const auto& room : taken) {
        const auto [held, inserted] = holders_.try_emplace(room);
        held.value.shards |= std::uint64_t{1} << shard;
        if (inserted) fresh.push_back(room);
        if (auto* expected = expected_.find(room)) take_over(held.value, expected->value);
    }
    bus_.subscribe(std::move(fresh),
                   [this, taken = std::move(taken), position = log_->last_position(),
                    done = std::move(done)](result<> confirmed) mutable {
                       if (!confirmed) return;
                       on_confirmed(taken);
                       // Only from now on the bus is sure to be read.
                       done(stored_ ? stored_->position() : position);
                   });
}

void hub::on_confirmed(const std::vector<std::string>& rooms) {
    if (!recovery_.on()) return;
    for (const auto& room : rooms) {
        auto* found = holders_.find(room);
        if (!found || found->value.known_from != holding::never) continue;
        found->value.known_from = log_->last_position();
    }
}

/// Opened when it is needed; none before the room is confirmed or expected.
slot_handle hub::log_of(holding& h) {
    if (!h.log && h.known_from != holding::never) h.log = log_->open(h.known_from);
    return h.log;
}

slot_handle hub::log_of(expectation& e) {
    if (!e.log && recovery_.on()) e.log = log_->open(e.position);
    return e.log;
}

/// Sockets that are in the room by the order have got what came since, confirmed or not.
void hub::take_over(holding& h, expectation& e) const {
    if (!recovery_.on() || h.known_from != holding::never) return;
    h.known_from = e.position;
    h.log = std::exchange(e.log, {});
}

/// A message may name a room twice.
void hub::note_log(slot_handle log) {
    if (log && std::ranges::find(logs_, log) == logs_.end()) logs_.push_back(log);
}

void hub::release(unsigned shard, const std::vector<left_room>& rooms) {
    std::vector<std::string> names;
    names.reserve(rooms.size());
    for (const auto& [name, so_far] : rooms) {
        if (holders_.contains(name)) {
            auto& before = asides_.try_emplace(name).first.value.before;
            before.sent += so_far.sent;
            before.joined += so_far.joined;
            before.departed += so_far.departed;
        }
        names.push_back(name);
    }
    release(shard, names);
}

void hub::release(unsigned shard, const std::vector<std::string>& rooms) {
    const time_point now = timers_.now();
    for (const auto& room : rooms) {
        auto* found = holders_.find(room);
        if (!found || found->value.shards == 0) continue;
        found->value.shards &= ~(std::uint64_t{1} << shard);
        let_go(*found, now);
    }
    arm_sweep();
}

/// One holder less: the last one's going starts the grace period.
void hub::let_go(const held_name& room, time_point now) {
    if (room.value.held()) return;
    asides_.try_emplace(room.key()).first.value.released = now;
    unheld_.emplace_back(now, room.key());
}

std::uint64_t hub::all_shards() const {
    return shards_ == max_shards ? ~std::uint64_t{0} : (std::uint64_t{1} << shards_) - 1;
}

void hub::expect(const std::vector<std::string>& rooms) {
    const time_point until = timers_.now() + grace;
    for (const auto& room : rooms) {
        // Expected before, what came since is kept on for those who were ordered into it then.
        expected_.try_emplace(room, expectation{until, log_->last_position()}).first.value.until =
            until;
        expiring_.emplace_back(until, room);
    }
    forget_expected();
}

bool hub::hold_briefly(const std::vector<std::string>& rooms,
                       chat::message_bus::done_handler confirmed) {
    const time_point now = timers_.now();
    std::vector<std::string> fresh;
    for (const auto& room : rooms) {
        const auto [held, inserted] = holders_.try_emplace(room);
        if (inserted) fresh.push_back(room);
        let_go(held, now);
    }
    arm_sweep();
    const bool any = !fresh.empty();
    bus_.subscribe(std::move(fresh), std::move(confirmed));
    return any;
}

void hub::forget_expected() {
    const time_point now = timers_.now();
    for (; !expiring_.empty(); expiring_.pop_front()) {
        const auto& [until, room] = expiring_.front();
        if (until > now && expiring_.size() <= max_expected) break;
        auto* found = expected_.find(room);
        // Expected once more since: a later entry tells.
        if (!found || found->value.until != until) continue;
        log_->close(found->value.log);
        expected_.erase(*found);
    }
}

std::uint64_t hub::last_position() const {
    return recovery_.on() ? log_->last_position() : 0;
}

void hub::arm_sweep() {
    if (unheld_.empty() || std::exchange(sweep_armed_, true)) return;
    timers_.after(unheld_.front().first + grace - timers_.now(), [this] {
        sweep_armed_ = false;
        drop_unheld();
        arm_sweep();
    });
}

void hub::drop_unheld() {
    const time_point due = timers_.now() - grace;
    std::vector<std::string> gone;
    for (; !unheld_.empty() && unheld_.front().first <= due; unheld_.pop_front()) {
        auto& [when, room] = unheld_.front();
        auto* found = holders_.find(room);
        // Taken up again since, perhaps let go once more: then a later entry tells.
        if (!found || found->value.held()) continue;
        auto* beside = asides_.find(room);
        if (!beside || beside->value.released != when) continue;
        asides_.erase(*beside);
        log_->close(found->value.log);
        busy_.forget(*found);
        holders_.erase(*found);
        gone.push_back(std::move(room));
    }
    if (!gone.empty()) bus_.unsubscribe(gone);
}

void hub::note_denial(std::string_view room) {
    if (holders_.contains(room)) count(asides_.try_emplace(room).first.value.denials);
}

hub::room_counts hub::counts_of(std::string_view room) const {
    const auto* found = holders_.find(room);
    if (!found) return {};
    const auto* beside = asides_.find(room);
    const aside more = beside ? beside->value : aside{};
    return {.messages = busy_.count(*found), .denials = more.denials, .before = more.before};
}

std::vector<std::string> hub::busiest(std::size_t most,
                                      const std::function<bool(std::string_view)>& wanted) const {
    const auto is_wanted = [&](const held_name& room) {
        return room.value.shards != 0 && wanted(room.key());
    };
    std::vector<std::string> names;
    for (const auto* room : busy_.highest(most, is_wanted))
        names.emplace_back(room->key());
    const auto silent = static_cast<std::ptrdiff_t>(names.size());
    std::size_t looked_at = 0;
    holders_.for_each_until([&](const held_name& room) {
        if (names.size() >= most || ++looked_at > most_looked_at) return false;
        if (room.value.rank == 0 && is_wanted(room)) names.emplace_back(room.key());
        return true;
    });
    std::sort(names.begin() + silent, names.end());
    return names;
}

void hub::publish(std::vector<socketio::cluster::message> messages,
                  chat::message_bus::done_handler done) {
    const std::size_t count = messages.size();
    bus_.publish(
        std::move(messages), [this, count, done = std::move(done)](result<> published) mutable {
            counts_.add(published ? metric::bus_publishes : metric::bus_publish_failures, count);
            done(published);
        });
}

hub::audience hub::audience_of(const std::vector<std::string>& rooms) {
    logs_.clear();
    audience whom;
    if (rooms.empty()) {
        whom.shards = all_shards();
        whom.anybody = true;
    }
    for (const auto& room : rooms) {
        auto* expected = expected_.find(room);
        if (expected) {
            whom.shards = all_shards();
            whom.anybody = true;
        }
        auto* found = holders_.find(room);
        if (!found) {
            if (expected) note_log(log_of(expected->value));
            continue;
        }
        holding& h = found->value;
        if (expected) take_over(h, expected->value);
        busy_.raise(*found);
        whom.shards |= h.shards;
        whom.anybody = whom.anybody || h.held();
        note_log(log_of(h));
    }
    return whom;
}

/// 0: nobody can come back to it.
std::uint64_t hub::next_position(const socketio::cluster::message& m) const {
    if (m.volatile_) return 0;
    if (stored_) return m.position;
    return recovery_.on() ? log_->next_position() : 0;
}

std::shared_ptr<const delivery> hub::encode(socketio::cluster::message&& m) const {
    auto out = std::make_shared<delivery>();
    out->droppable = m.volatile_;
    out->read = read_;
    out->position = next_position(m);
    if (out->position != 0) {
        const auto [text, argument] = socketio::with_argument(
            m.packet, stored_ ? socketio::stream_id(out->position) : offsets_.text(out->position));
        out->text = server::wire_bytes::message(text, argument);
    } else {
        out->text = server::wire_bytes::message(m.packet);
    }
    for (const auto& bytes : m.attachments)
        out->attachments.push_back(server::wire_bytes::binary(bytes));
    if (compression_) {
        out->text.compress();
        for (auto& bytes : out->attachments)
            bytes.compress();
    }
    out->rooms = std::move(m.rooms);
    out->except = std::move(m.except);
    return out;
}

void hub::on_messages(std::vector<socketio::cluster::message> messages) {
    std::vector<delivery_batch> batches(shards_);
    const time_point now = read_ = timers_.now();
    if (!expiring_.empty()) forget_expected();
    for (auto& m : messages) {
        counts_.add(metric::bus_messages);
        if (m.nsp != "/") continue;
        const audience whom = audience_of(m.rooms);
        if (!whom.anybody) continue;
        const auto encoded = encode(std::move(m));
        if (stored_) {
            stored_->on_delivery(encoded);
        } else if (encoded->position != 0) {
            log_->add(*encoded, logs_, now);
        }
        for (unsigned s = 0; s < shards_; ++s) {
            if (whom.shards >> s & 1) batches[s].push_back(encoded);
        }
    }
    for (unsigned s = 0; s < shards_; ++s) {
        if (!batches[s].empty()) deliver_(s, std::move(batches[s]));
    }
    if (!recovery_.on()) return;
    // What is too old can wait for the timer.
    const bool over = log_->bytes() + suspended_->bytes() > recovery_.total_bytes;
    if (over || !tidy_armed_) return tidy_recovery();
    note_recovery_bytes();
}

void hub::on_gap() {
    if (!recovery_.on()) return;
    counts_.add(metric::recovery_gaps);
    log_->gap();
    note_recovery_bytes();
}

void hub::suspend(suspended_session s) {
    const std::vector<held_room> rooms = s.rooms;
    // One that was on its way back may have lost its rooms meanwhile.
    const bool held = std::all_of(rooms.begin(), rooms.end(), [&](const held_room& room) {
        return holders_.contains(room.name);
    });
    if (!held) return;
    if (!suspended_->add(std::move(s), timers_.now())) return;
    for (const auto& room : rooms)
        ++holders_.find(room.name)->value.suspended;
    tidy_recovery();
}

const suspended_session* hub::suspended(std::string_view pid, std::string_view user) const {
    return suspended_->find(pid, user);
}

std::variant<resumption, recovery_failure> hub::resume(const socketio::recovery_claim& claim,
                                                       std::string_view user,
                                                       const std::vector<std::string>& rooms) {
    if (!suspended_->find(claim.pid, user)) return recovery_failure::unknown_session;
    // Used once, whatever comes of it: a client that is refused gets another pid.
    resumption back{*suspended_->take(claim.pid), {}};
    end_suspension(back.session);
    const auto offset = offsets_.position(claim.offset);
    if (!offset || *offset > log_->last_position()) return recovery_failure::unknown_offset;
    const std::unordered_set<std::string_view> coming(rooms.begin(), rooms.end());
    std::erase_if(back.session.rooms, [&](const held_room& r) { return !coming.contains(r.name); });
    logs_.clear();
    for (const auto& room : back.session.rooms) {
        auto* held = holders_.find(room.name);
        logs_.push_back(held ? log_of(held->value) : slot_handle{});
    }
    auto missed = log_->missed(*offset, back.session.start, back.session.rooms, logs_,
                               recovery_.session_bytes);
    if (!missed) return recovery_failure::incomplete;
    back.missed = std::move(*missed);
    return back;
}

void hub::forget(std::string_view user) {
    for (const auto& s : suspended_->take_all_of(user))
        end_suspension(s);
    note_recovery_bytes();
}

void hub::end_suspension(const suspended_session& s) {
    const time_point now = timers_.now();
    for (const auto& room : s.rooms) {
        auto* found = holders_.find(room.name);
        if (!found || found->value.suspended == 0) continue;
        --found->value.suspended;
        let_go(*found, now);
    }
    arm_sweep();
}

/// Keeps the bounds, and looks again later while anything is kept.
void hub::tidy_recovery() {
    const time_point now = timers_.now();
    while (const auto due = suspended_->take_due(now))
        end_suspension(*due);
    log_->expire(now);
    log_->shrink(recovery_.total_bytes - std::min(recovery_.total_bytes, suspended_->bytes()));
    note_recovery_bytes();
    if (log_->empty() && suspended_->empty()) return;
    if (std::exchange(tidy_armed_, true)) return;
    timers_.after(tidy_interval, [this] {
        tidy_armed_ = false;
        tidy_recovery();
    });
}

void hub::note_recovery_bytes() {
    const std::uint64_t bytes = log_->bytes() + suspended_->bytes();
    counts_.subtract(metric::recovery_bytes, counts_.load(metric::recovery_bytes));
    counts_.add(metric::recovery_bytes, bytes);
}

}  // namespace chat_gateway::gateway
