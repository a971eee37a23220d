#include "stream_tail.hpp"

#include <chat_gateway/base/log.hpp>

#include <boost/asio/post.hpp>

#include <utility>

namespace chat_gateway::redis {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds patience{5000};  // beyond the time that an XREAD may block

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
        on_state(*state);
        if (!unmarked_) on_up();
    });
}

/// Behind what was read. If that is not there any more itself, only their number tells.
bool stream_tail::has_lost_entries(const stream_state& state) const {
    if (state.last_generated <= last_) return false;
    if (state.oldest && *state.oldest <= last_) return false;
    return !added_ || !state.added || *state.added - *added_ != state.length;
}

void stream_tail::on_state(const stream_state& state) {
    const bool forgotten = state.last_generated < last_;
    if (!forgotten && !has_lost_entries(state)) return;
    log::warn("stream was trimmed or lost: messages may be missing",
              {{"stream", name_}, {"read_to", last_.text()}});
    if (forgotten) {
        // Ids may come again, when the clock of the Redis that takes over is behind.
        last_ = state.last_generated;
        added_ = state.added;
        unmarked_ = true;
    }
    told_.gap();
    if (forgotten) told_.located(last_);
}

void stream_tail::mark_loss() {
    ask({"XADD", name_, "*", std::string(loss_mark_name), std::string(loss_mark_value)},
        [this](const reply&) {
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
    told_.entries(std::move(entries));
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
