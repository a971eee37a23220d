#include "gap_healer.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/socketio/cluster/classic_codec.hpp>

#include <algorithm>
#include <utility>
#include <variant>

namespace chat_gateway::gateway {
namespace {

namespace classic = socketio::cluster::classic;
using socketio::cluster::request_kind;

constexpr std::string_view user_room = "user:";

/// As the bus would have brought it: its way through MessagePack may write a number differently.
void print_as_brought(chat::change& what) {
    auto* m = std::get_if<socketio::cluster::message>(&what);
    if (m == nullptr) return;
    const auto bytes = classic::encode_broadcast("", *m);
    if (!bytes) return;
    if (auto brought = classic::decode_broadcast(*bytes)) *m = std::move(*brought);
}

}  // namespace

/// For an answer that may come after the end, or after the next gap.
template <class... Arguments>
auto gap_healer::later(void (gap_healer::*step)(Arguments...)) {
    return [self = std::weak_ptr(self_), generation = generation_, step](Arguments... arguments) {
        const auto alive = self.lock();
        if (alive && (*alive)->generation_ == generation)
            ((*alive)->*step)(std::move(arguments)...);
    };
}

/// For one that may come when the gap has been given up as well.
template <class... Arguments>
auto gap_healer::in_healing(void (gap_healer::*step)(Arguments...)) {
    return [self = std::weak_ptr(self_), generation = generation_, step](Arguments... arguments) {
        const auto alive = self.lock();
        if (alive && (*alive)->generation_ == generation && (*alive)->healing_)
            ((*alive)->*step)(std::move(arguments)...);
    };
}

gap_healer::gap_healer(scheduler& timers, chat::message_bus& bus, chat::bus_marks& marks,
                       chat::change_history& history, metrics_block& counts,
                       paced_teller::listener told, locals here)
    : timers_(timers),
      bus_(bus),
      marks_(marks),
      history_(history),
      counts_(counts),
      here_(std::move(here)),
      teller_(timers, std::move(told)),
      self_(std::make_shared<gap_healer*>(this)) {
    await_subscriptions();
    timer_ = timers_.after(interval, [this] { tick(); });
}

gap_healer::~gap_healer() {
    timers_.cancel(timer_);
    if (healing_ && healing_->deadline != 0) timers_.cancel(healing_->deadline);
}

void gap_healer::tick() {
    timer_ = timers_.after(interval, [this] { tick(); });
    check_mark();
    const bool quiet = doubt_.empty() && ++quiet_ < quiet_intervals;
    if (!healing_ && subscribed_ && !quiet) {
        mark_asked_ = false;  // one that has not come by now may be lost
        ask_mark();
    }
}

void gap_healer::ask_mark() {
    if (std::exchange(mark_asked_, true)) return;
    quiet_ = 0;
    if (certain_) return marks_.read_mark(later(&gap_healer::on_mark));
    history_.last_published(later(&gap_healer::on_base));
}

/// A Redis may have no mark yet, or not any more.
void gap_healer::on_base(result<std::uint64_t> last) {
    base_ = last ? *last : 0;
    marks_.read_mark(later(&gap_healer::on_mark));
}

/// Answers come in the order of what the bus brings: what it has brought is up to this mark.
void gap_healer::on_mark(result<chat::bus_mark> mark) {
    mark_asked_ = false;
    if (!mark || healing_) return;
    // In a Redis Cluster another node is listened to, which has nothing to say of this one's end.
    if (has_another_keeper(*mark) && certain_) return on_gap();
    // A Redis that has lost some of its data may tell an earlier one.
    certain_ = std::max(certain_.value_or(base_), mark->id);
    doubt_.clear();
    too_much_doubt_ = false;
}

bool gap_healer::has_another_keeper(const chat::bus_mark& mark) {
    if (mark.keeper == 0) return false;
    const auto before = std::exchange(keeper_, mark.keeper);
    return before != 0 && before != mark.keeper;
}

void gap_healer::note(std::uint64_t fingerprint) {
    if (fingerprint == 0 || too_much_doubt_) return;
    doubt_.push_back(fingerprint);
    if (doubt_.size() == many_in_doubt && subscribed_) ask_mark();
    if (doubt_.size() < most_in_doubt) return;
    too_much_doubt_ = true;
    doubt_.clear();
}

void gap_healer::on_messages(std::vector<message> messages) {
    if (!healing_) {
        for (const auto& m : messages)
            note(fingerprint(m));
        return teller_.pass(std::move(messages));
    }
    for (auto m = messages.begin(); m != messages.end(); ++m) {
        keep(std::move(*m));
        if (healing_) continue;  // else it was given up, and what was kept has been told
        messages.erase(messages.begin(), m + 1);
        return on_messages(std::move(messages));
    }
}

void gap_healer::on_request(request r) {
    if (healing_) return keep(std::move(r));
    note(fingerprint(r));
    teller_.pass(std::move(r));
}

void gap_healer::keep(chat::change what) {
    const auto bytes = bytes_of(what);
    const auto mark = fingerprint(what);
    healing_->gap.after.push_back({std::move(what), mark});
    healing_->kept_bytes += bytes;
    arm_deadline();
    if (healing_->kept_bytes > most_kept) give_up("too much has come meanwhile");
}

void gap_healer::on_gap() {
    ++generation_;
    subscribed_ = false;
    mark_asked_ = false;
    if (!healing_) {
        healing_ = std::make_unique<healing>();
        healing_->since = timers_.now();
        healing_->gap.before = std::move(doubt_);
        doubt_.clear();
        if (!certain_ || std::exchange(too_much_doubt_, false)) give_up("its beginning is unknown");
    } else {
        // What was read is read again, up to where the bus is heard this time.
        healing_->gap.published.clear();
        healing_->gap.overlap = 0;
        healing_->read_bytes = 0;
        healing_->mark_due.reset();
    }
    await_subscriptions();
}

void gap_healer::await_subscriptions() {
    bus_.subscribe({}, later(&gap_healer::on_subscribed));
}

void gap_healer::on_subscribed(result<> outcome) {
    if (!outcome) {
        // Overloaded: too many wait as it is.
        timers_.after(retry, later(&gap_healer::await_subscriptions));
        return;
    }
    subscribed_ = true;
    if (!healing_) return ask_mark();
    healing_->read_to = *certain_;
    healing_->rounds = 0;
    healing_->joined.clear();
    begin_round();
}

void gap_healer::arm_deadline() {
    if (healing_->deadline != 0) return;
    healing_->deadline = timers_.after(patience, [this] {
        healing_->deadline = 0;
        give_up("it took too long");
    });
}

/// What is only read again is none: else a bus that comes and goes would keep all back for ever.
void gap_healer::note_progress() {
    if (healing_->read_to <= healing_->furthest) return;
    healing_->furthest = healing_->read_to;
    if (healing_->deadline == 0) return;
    timers_.cancel(std::exchange(healing_->deadline, 0));
    arm_deadline();
}

/// The order makes it exact: what the database says to be published was on the bus before the mark
/// is asked for. A mark below that is of a Redis that has lost some of its data.
void gap_healer::begin_round() {
    if (++healing_->rounds > most_rounds) return give_up("memberships change too fast");
    healing_->found_more = false;
    ask_published();
}

void gap_healer::ask_published() {
    history_.last_published(in_healing(&gap_healer::on_published));
}

void gap_healer::on_published(result<std::uint64_t> last) {
    if (!last) {
        if (!try_again(last.error(), &gap_healer::ask_published)) give_up("there is no history");
        return;
    }
    healing_->pauses.reset();
    healing_->published = *last;
    ask_cut();
}

void gap_healer::ask_cut() {
    healing_->mark_due = timers_.now() + mark_patience;
    marks_.read_mark(in_healing(&gap_healer::on_cut));
}

/// The bus brings it, or the word of a gap: but who asks has to know an end.
void gap_healer::check_mark() {
    if (!healing_ || !healing_->mark_due || timers_.now() < *healing_->mark_due) return;
    ++generation_;
    ask_cut();
}

void gap_healer::on_cut(result<chat::bus_mark> mark) {
    healing_->mark_due.reset();
    if (!mark) {
        timers_.after(healing_->pauses.next(), in_healing(&gap_healer::ask_cut));
        return;
    }
    healing_->pauses.reset();
    // All that was published is read, whoever was to pass it on.
    has_another_keeper(*mark);
    healing_->gap.overlap = healing_->gap.after.size();
    healing_->up_to = std::max({mark->id, healing_->published, healing_->read_to});
    read_on();
}

void gap_healer::read_on() {
    if (healing_->read_to >= healing_->up_to) return end_round();
    history_.read(healing_->read_to, healing_->up_to, in_healing(&gap_healer::on_page));
}

void gap_healer::on_page(result<chat::change_history::page> page) {
    if (!page) {
        if (!try_again(page.error(), &gap_healer::read_on)) give_up("the history cannot be read");
        return;
    }
    healing_->pauses.reset();
    if (page->forgotten_to > *certain_) return give_up("its beginning is not kept any more");
    for (auto& change : page->changes)
        take(std::move(change));
    healing_->read_to = page->read_to;
    note_progress();
    if (healing_->read_bytes > most_read) return give_up("too much was missed");
    read_on();
}

/// What is for rooms that nobody here is in is not kept.
void gap_healer::take(chat::change_history::past_change change) {
    if (const auto* m = std::get_if<message>(&change.what)) {
        const auto& room = m->rooms.front();
        if (!here_.subscribes(room) && !healing_->joined.contains(room)) return;
    } else {
        const auto& r = std::get<request>(change.what);
        const auto& whom = r.to.rooms.front();
        const bool of_user = whom.starts_with(user_room);
        if (of_user && !here_.has(std::string_view(whom).substr(user_room.size()))) return;
        if (r.kind == request_kind::join && healing_->joined.insert(r.rooms.front()).second)
            healing_->found_more = true;
    }
    print_as_brought(change.what);
    healing_->read_bytes += change.bytes;
    const auto mark = fingerprint(change.what);
    healing_->gap.published.push_back({std::move(change.what), mark});
}

/// Rooms that somebody joins by what was read have to be heard before the last mark is asked for,
/// or what is published for them meanwhile would be missed.
void gap_healer::end_round() {
    if (healing_->joined.empty()) return finish();
    const rooms joined(healing_->joined.begin(), healing_->joined.end());
    const bool more = healing_->found_more;
    const bool fresh = here_.hold(joined, in_healing(&gap_healer::on_held));
    if (!more && !fresh) finish();
}

void gap_healer::on_held(result<> outcome) {
    if (outcome) return begin_round();
    give_up("rooms cannot be subscribed to");
}

bool gap_healer::try_again(boost::system::error_code error, void (gap_healer::*step)()) {
    if (error != errc::unavailable && error != errc::timeout && error != errc::overloaded)
        return false;
    timers_.after(healing_->pauses.next(), in_healing(step));
    return true;
}

void gap_healer::finish() {
    const auto healed = std::move(healing_);
    if (healed->deadline != 0) timers_.cancel(healed->deadline);
    certain_ = healed->up_to;
    auto& gap = healed->gap;
    for (std::size_t i = gap.overlap; i < gap.after.size(); ++i)
        note(gap.after[i].fingerprint);
    const auto missed = tell(std::move(gap));
    counts_.add(metric::outbox_gaps_healed);
    counts_.add(metric::outbox_healed, missed);
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(timers_.now() - healed->since);
    log::info("what the bus did not bring has been read from the outbox",
              {{"changes", missed}, {"after_ms", took.count()}});
}

void gap_healer::give_up(std::string_view why) {
    const auto left = std::move(healing_);
    if (left->deadline != 0) timers_.cancel(left->deadline);
    certain_.reset();
    doubt_.clear();
    counts_.add(metric::outbox_gaps_left);
    log::warn("what the bus did not bring stays missed", {{"reason", why}});
    tell({.after = std::move(left->gap.after)});
    if (subscribed_) ask_mark();
}

std::size_t gap_healer::tell(gap_sides gap) {
    const auto missed = tell_in_order(
        std::move(gap), [this](chat::change what) { teller_.append(std::move(what)); });
    teller_.go_on();
    return missed;
}

}  // namespace chat_gateway::gateway
