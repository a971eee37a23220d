#include "stored_recovery.hpp"

#include "kept_session.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/socketio/stream_position.hpp>

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace chat_gateway::gateway {
namespace {

using chat::recovery_store;

/// Messages that one read brings.
constexpr std::size_t page = 200;
/// Sessions that one walk serves.
constexpr std::size_t most_at_once = 2000;
/// Returns are told to the others together.
constexpr std::chrono::milliseconds announce_after{100};

}  // namespace

/// One walk through the kept messages.
struct stored_recovery::walk {
    walk(const recovery_options& o, std::uint64_t to)
        : gathered(o.session_bytes, o.total_bytes), until(to) {}
    std::vector<returning> sessions;
    replay gathered;
    std::uint64_t until;  ///< what is later has come to the hub while it was under way
    std::uint64_t read_to = 0;
    delivery_batch meanwhile;
    std::size_t bytes = 0;
    bool broken = false;  ///< too much came meanwhile, or a gap
};

stored_recovery::stored_recovery(scheduler& timers, recovery_store& store, metrics_block& counts,
                                 recovery_options o, encode_function encode, announcement announce)
    : timers_(timers),
      store_(store),
      counts_(counts),
      options_(o),
      encode_(std::move(encode)),
      announce_(std::move(announce)),
      self_(std::make_shared<stored_recovery*>(this)) {}

stored_recovery::~stored_recovery() {
    if (announce_timer_ != 0) timers_.cancel(announce_timer_);
    if (early_timer_ != 0) timers_.cancel(early_timer_);
}

void stored_recovery::put(const suspended_session& s, const std::string& value,
                          recovery_store::condition c, std::chrono::milliseconds ttl,
                          unique_function<void(bool)> done) {
    ++under_way_;
    store_.put(s.pid.text(), value, c, ttl,
               [self = std::weak_ptr(self_), done = std::move(done)](result<bool> put) mutable {
                   const auto alive = self.lock();
                   if (!alive) return;
                   (*alive)->one_less_under_way();
                   if (!put) (*alive)->note_failure("session cannot be kept", put.error());
                   done(put.has_value());
               });
}

void stored_recovery::one_less_under_way() {
    if (--under_way_ != 0) return;
    if (auto done = std::exchange(on_stored_, nullptr)) done();
}

void stored_recovery::when_stored(unique_function<void()> done) {
    if (under_way_ == 0) return done();
    on_stored_ = std::move(done);
}

void stored_recovery::keep(suspended_session s, bool first,
                           unique_function<void(keep_result)> done) {
    if (is_busy()) return done(keep_result::failed);
    s.live = true;
    const auto value = write_kept(s);
    if (!value || value->size() > options_.session_bytes) {
        counts_.add(metric::recovery_evicted_session);
        return done(keep_result::too_large);
    }
    // One that is not there has been lost, or taken by a connection that will put it again.
    put(s, *value,
        first ? recovery_store::condition::none : recovery_store::condition::is_not_anothers,
        options_.packet_time + 2 * refresh, [done = std::move(done)](bool put) mutable {
            done(put ? keep_result::kept : keep_result::failed);
        });
}

/// What cannot be put now is there from when it was kept the last time.
void stored_recovery::suspend(suspended_session s) {
    if (is_busy()) return;
    s.live = false;
    const auto value = write_kept(s);
    if (!value || value->size() > options_.session_bytes) return;
    put(s, *value, recovery_store::condition::is_owned, options_.window, [](bool) {});
}

void stored_recovery::give_back(suspended_session s) {
    s.live = false;
    const auto value = write_kept(s);
    if (!value) return;
    put(s, *value, recovery_store::condition::is_absent, options_.window, [](bool) {});
}

void stored_recovery::drop(const suspended_session& s, unique_function<void(bool)> done) {
    if (is_busy()) return done(false);
    // The owner as it begins the session's value.
    suspended_session shortest{.pid = s.pid, .id = s.id, .user = {}, .rooms = {}, .left = {}};
    shortest.owner = s.owner;
    const auto value = write_kept(shortest);
    if (!value) return done(true);  // nor could it be kept
    ++under_way_;
    store_.drop(s.pid.text(), value->substr(0, recovery_store::owner_size),
                [self = std::weak_ptr(self_), done = std::move(done)](result<> dropped) mutable {
                    const auto alive = self.lock();
                    if (!alive) return;
                    (*alive)->one_less_under_way();
                    if (!dropped)
                        (*alive)->note_failure("session cannot be dropped", dropped.error());
                    done(dropped.has_value());
                });
}

void stored_recovery::cut(const std::string& user) {
    store_.cut(user, position_, options_.packet_time + 2 * refresh,
               [self = std::weak_ptr(self_)](result<> done) {
                   const auto alive = self.lock();
                   if (alive && !done)
                       (*alive)->note_failure("sessions cannot be cut off", done.error());
               });
}

void stored_recovery::find(const std::string& pid, const std::string& user,
                           unique_function<void(found)> done) {
    store_.look(pid, [self = std::weak_ptr(self_), user,
                      done = std::move(done)](result<std::optional<std::string>> value) mutable {
        const auto alive = self.lock();
        if (!alive) return;
        if (!value) return done(recovery_failure::unavailable);
        auto session = *value ? read_kept(**value) : std::nullopt;
        if (!session || session->user != user) return done(recovery_failure::unknown_session);
        (*alive)->store_.cut_of(user, [session = std::move(*session),
                                       done = std::move(done)](result<std::uint64_t> cut) mutable {
            if (!cut) return done(recovery_failure::unavailable);
            if (*cut != 0 && session.start <= *cut) return done(recovery_failure::unknown_session);
            done(std::move(session));
        });
    });
}

void stored_recovery::resume(socketio::recovery_claim claim, std::string user,
                             std::vector<std::string> rooms, unique_function<void(outcome)> done) {
    const std::string pid = claim.pid;
    store_.take(pid, [self = std::weak_ptr(self_), offset = std::move(claim.offset),
                      user = std::move(user), rooms = std::move(rooms),
                      done = std::move(done)](result<std::optional<std::string>> value) mutable {
        if (const auto alive = self.lock())
            (*alive)->on_taken(std::move(value), offset, user, rooms, std::move(done));
    });
}

void stored_recovery::on_taken(result<std::optional<std::string>> value, const std::string& offset,
                               const std::string& user, const std::vector<std::string>& rooms,
                               unique_function<void(outcome)> done) {
    if (!value) return done(recovery_failure::unavailable);
    auto session = *value ? read_kept(**value) : std::nullopt;
    if (!session || session->user != user) return done(recovery_failure::unknown_session);
    announce(*session);
    const auto seen = socketio::stream_position(offset);
    if (!seen) return done(recovery_failure::unknown_offset);
    const std::unordered_set<std::string_view> coming(rooms.begin(), rooms.end());
    std::erase_if(session->rooms, [&](const held_room& r) { return !coming.contains(r.name); });
    std::uint64_t floor = std::max(*seen, session->start);
    // Who has seen the last one that was given has seen all up to where there was no other.
    if (*seen >= session->given) floor = std::max(floor, session->through);
    admit({std::move(*session), floor, std::move(done)}, std::max(*seen, floor));
}

/// A gateway that is behind with reading catches up first: what it has not read yet would come
/// again.
void stored_recovery::admit(returning r, std::uint64_t needs) {
    if (needs > position_) {
        early_.push_back({needs, timers_.now() + patience, std::move(r)});
        return look_at_early();
    }
    waiting_.push_back(std::move(r));
    if (!walk_) begin_walk();
}

void stored_recovery::look_at_early() {
    auto all = std::exchange(early_, {});
    const time_point now = timers_.now();
    for (early& e : all) {
        if (e.needs <= position_) {
            waiting_.push_back(std::move(e.who));
        } else if (e.until <= now) {
            e.who.done(recovery_failure::unknown_offset);
        } else {
            early_.push_back(std::move(e));
        }
    }
    if (early_timer_ != 0) timers_.cancel(std::exchange(early_timer_, 0));
    if (!early_.empty()) {
        early_timer_ = timers_.after(early_.front().until - now, [this] {
            early_timer_ = 0;
            look_at_early();
        });
    }
    if (!waiting_.empty() && !walk_) begin_walk();
}

void stored_recovery::on_reached(std::uint64_t position) {
    position_ = position;
    if (!known_from_) known_from_ = position;
    if (!early_.empty()) look_at_early();
}

/// From before it, what is kept may not be whole; the mark that says so may not be there yet.
void stored_recovery::on_gap() {
    known_from_.reset();
    if (walk_) walk_->broken = true;
}

void stored_recovery::begin_walk() {
    walk_ = std::make_unique<walk>(options_, position_);
    const std::size_t count = std::min(most_at_once, waiting_.size());
    walk_->sessions.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        walk_->sessions.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
        const returning& r = walk_->sessions.back();
        walk_->gathered.add(r.floor, r.session.rooms);
    }
    read_on(walk_->gathered.from());
}

void stored_recovery::read_on(std::uint64_t from) {
    store_.read(from, walk_->until, page,
                [self = std::weak_ptr(self_)](result<std::vector<recovery_store::past>> read) {
                    if (const auto alive = self.lock()) (*alive)->on_read(std::move(read));
                });
}

void stored_recovery::on_read(result<std::vector<recovery_store::past>> read) {
    if (!read) {
        note_failure("kept messages cannot be read", read.error());
        return end_walk(false);
    }
    // Each page begins with the last one's end: what goes meanwhile is noticed.
    const bool goes_on =
        walk_->read_to == 0 || (!read->empty() && read->front().position == walk_->read_to);
    walk_->broken = walk_->broken || !goes_on;
    const bool last = read->size() < page;
    for (auto& one : *read) {
        if (one.position <= walk_->read_to) continue;
        walk_->read_to = one.position;
        walk_->gathered.take(std::move(one), encode_);
    }
    if (!last && walk_->read_to < walk_->until && !walk_->broken) return read_on(walk_->read_to);
    // Redis may have lost the end.
    walk_->broken = walk_->broken || walk_->read_to != walk_->until;
    end_walk(true);
}

void stored_recovery::on_delivery(const std::shared_ptr<const delivery>& d) {
    if (!walk_ || d->position <= walk_->until || walk_->broken) return;
    walk_->bytes += sizeof(delivery) + d->bytes();
    walk_->broken = walk_->bytes > options_.total_bytes;
    if (walk_->broken) {
        walk_->meanwhile = {};
        return;
    }
    walk_->meanwhile.push_back(d);
}

void stored_recovery::end_walk(bool whole) {
    const auto ended = std::exchange(walk_, nullptr);
    for (const auto& d : ended->meanwhile)
        ended->gathered.take(d);
    for (std::size_t n = 0; n < ended->sessions.size(); ++n) {
        returning& r = ended->sessions[n];
        if (!whole) {
            r.done(recovery_failure::unavailable);
            continue;
        }
        const bool known = !ended->broken && known_from_ && r.floor >= *known_from_;
        auto missed = known ? ended->gathered.missed(n) : std::nullopt;
        if (!missed) {
            r.done(recovery_failure::incomplete);
            continue;
        }
        r.done(resumption{std::move(r.session), std::move(*missed)});
    }
    if (!waiting_.empty()) begin_walk();
}

/// The connection that it is taken from may still be believed alive elsewhere.
void stored_recovery::announce(const suspended_session& s) {
    if (!s.live) return;
    returned_.emplace_back(s.pid.text(), s.user);
    if (announce_timer_ != 0) return;
    announce_timer_ = timers_.after(announce_after, [this] {
        announce_timer_ = 0;
        announce_(std::exchange(returned_, {}));
    });
}

void stored_recovery::note_failure(const char* what, boost::system::error_code why) {
    counts_.add(metric::recovery_store_failures);
    log::debug(what, {{"error", why.message()}});
}

}  // namespace chat_gateway::gateway
