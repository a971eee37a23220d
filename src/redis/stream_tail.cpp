#include "stream_tail.hpp"

#include <chat_gateway/base/log.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace chat_gateway::redis {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds patience{5000};  // beyond the time that an XREAD may block
/// How often it is asked whether Redis has what it had.
constexpr std::chrono::seconds check_interval{5};

}  // namespace

stream_tail::stream_tail(asio::io_context& loop, client& redis, std::string name, options o)
    : loop_(loop),
      name_(std::move(name)),
      options_(o),
      connection_(redis.make_another("stream", o.block + patience)),
      timer_(loop) {}

void stream_tail::start(handlers told) {
    told_ = std::move(told);
    go_on();
}

void stream_tail::stop() {
    stopped_ = true;
    timer_.cancel();
    connection_->stop();
    for (auto& w : std::exchange(waiting_, {})) {
        asio::post(loop_, [w = std::move(w)]() mutable { w(make_error_code(errc::closed)); });
    }
}

void stream_tail::when_reading(waiter done) {
    if (!located_ || !up_) {
        waiting_.push_back(std::move(done));
        return;
    }
    asio::post(loop_, [done = std::move(done)]() mutable { done({}); });
}

void stream_tail::pause(bool paused) {
    const bool goes_on = std::exchange(paused_, paused) && !paused;
    if (!goes_on) return;
    unchecked_ = true;
    go_on();
}

/// The next step, unless one is under way.
void stream_tail::go_on() {
    if (stopped_ || asking_) return;
    if (!located_) return locate();
    if (paused_) return;
    // Another Redis may have taken over without a word.
    if (steady_clock::now() - checked_at_ >= check_interval) unchecked_ = true;
    if (std::exchange(unchecked_, false)) return check();
    if (unmarked_) return mark_loss();
    read();
}

/// `$` would be the end at each call anew, and miss what comes between two of them.
void stream_tail::locate() {
    ask({"XINFO", "STREAM", name_}, [this](const reply& r) {
        const auto state = state_of(r);
        if (!state) return on_loss();
        last_ = state->last_generated;
        added_ = state->added;
        located_ = true;
        told_.located(last_);
        on_up();
    });
}

/// Whether what follows the last entry read is still there, and what was read as well.
void stream_tail::check() {
    ask({"XINFO", "STREAM", name_}, [this](const reply& r) {
        const auto state = state_of(r);
        if (!state) return on_loss();
        checked_at_ = steady_clock::now();
        const bool has_last =
            state->oldest && *state->oldest <= last_ && last_ <= state->last_generated;
        on_state(*state);
        if (unmarked_) return;
        if (has_last && last_ != entry_id()) return check_last();
        on_up();
    });
}

/// Behind what was read. If that is not there any more itself, only their number tells.
bool stream_tail::has_lost_entries(const stream_state& state) const {
    if (state.last_generated <= last_) return false;
    if (state.oldest && *state.oldest <= last_) return false;
    return !added_ || !state.added || *state.added - *added_ != state.length;
}

void stream_tail::on_state(const stream_state& state) {
    if (state.last_generated < last_) return on_forgotten(state.last_generated, state.added);
    if (!has_lost_entries(state)) return;
    tell_gap();
}

/// Whether Redis still has what was read last: one that has lost the end of the stream may have got
/// new entries behind that already.
void stream_tail::check_last() {
    const std::string id = last_.text();
    ask({"XRANGE", name_, id, id}, [this](reply r) {
        const auto found = entries_of(std::move(r));
        if (!found) return on_loss();
        if (found->empty()) return check_again();
        on_up();
    });
}

/// It is not there: forgotten, or trimmed since the stream was asked for its oldest entry.
void stream_tail::check_again() {
    ask({"XINFO", "STREAM", name_}, [this](const reply& r) {
        const auto state = state_of(r);
        if (!state) return on_loss();
        if (state->oldest && *state->oldest <= last_) return on_forgotten(last_, std::nullopt);
        on_state(*state);
        if (!unmarked_) on_up();
    });
}

void stream_tail::on_forgotten(entry_id goes_on_behind, std::optional<std::uint64_t> added) {
    // Ids may come again, when the clock of the Redis that takes over is behind.
    last_ = goes_on_behind;
    added_ = added;
    unmarked_ = true;
    tell_gap();
    told_.located(last_);
}

void stream_tail::tell_gap() {
    log::warn("stream was trimmed or lost: messages may be missing",
              {{"stream", name_}, {"read_to", last_.text()}});
    told_.gap();
}

void stream_tail::mark_loss() {
    ask({"XADD", name_, "*", std::string(loss_mark_name), std::string(loss_mark_value)},
        [this](const reply& r) {
            own_mark_ = entry_id::parse(r.text).value_or(entry_id());
            unmarked_ = false;
            on_up();
        });
}

void stream_tail::read() {
    ask({"XREAD", "COUNT", std::to_string(options_.most), "BLOCK",
         std::to_string(options_.block.count()), "STREAMS", name_, last_.text()},
        [this](reply r) {
            auto entries = entries_read(std::move(r));
            if (!entries) return on_loss();
            on_up();
            if (!entries->empty()) take(std::move(*entries));
        });
}

void stream_tail::take(std::vector<stream_entry> entries) {
    last_ = entries.back().id;
    if (added_) *added_ += entries.size();
    // As many as there may be: others wait, and may be trimmed before they are read.
    unchecked_ = entries.size() >= options_.most;
    // What another reader found lost may have been read here as well.
    const bool lost = std::ranges::any_of(
        entries, [&](const stream_entry& e) { return is_loss_mark(e) && e.id != own_mark_; });
    told_.entries(std::move(entries));
    if (lost) tell_gap();
}

void stream_tail::ask(std::vector<std::string> words, unique_function<void(reply)> answered) {
    asking_ = true;
    const std::vector<std::string_view> views(words.begin(), words.end());
    connection_->execute_at(
        name_, views,
        [weak = weak_from_this(), answered = std::move(answered)](result<reply> r) mutable {
            const auto self = weak.lock();
            if (!self || self->stopped_) return;
            self->asking_ = false;
            if (!r || (r->is_error() && !is_missing_key(*r))) {
                if (r) {
                    log::warn("stream cannot be read",
                              {{"stream", self->name_}, {"error", error_code_word(*r)}});
                }
                return self->on_loss();
            }
            answered(std::move(*r));
            self->go_on();
        });
}

void stream_tail::on_up() {
    retry_.reset();
    up_ = true;
    for (auto& w : std::exchange(waiting_, {}))
        w({});
}

/// What follows the last entry is read later: nothing is lost by the loss itself.
void stream_tail::on_loss() {
    if (std::exchange(up_, false)) ++losses_;
    unchecked_ = true;
    asking_ = true;
    timer_.expires_after(retry_.next());
    timer_.async_wait([weak = weak_from_this()](error_code cancelled) {
        const auto self = weak.lock();
        if (!self || cancelled) return;
        self->asking_ = false;
        self->go_on();
    });
}

}  // namespace chat_gateway::redis
