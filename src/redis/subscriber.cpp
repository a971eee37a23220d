#include "subscriber.hpp"

#include "resp.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace chat_gateway::redis {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

bool is_confirmation(std::string_view what) {
    constexpr std::string_view words[] = {"subscribe", "unsubscribe", "psubscribe", "ssubscribe",
                                          "sunsubscribe"};
    return std::ranges::find(words, what) != std::end(words);
}

}  // namespace

subscriber::subscriber(asio::io_context& loop, url where, subscriber_options options)
    : loop_(loop),
      options_(std::move(options)),
      link_(std::make_shared<link>(loop, std::move(where), options_.link)),
      subscriptions_(options_.pattern, options_.sharded),
      timer_(loop) {}

subscriber::~subscriber() {
    stop();
}

void subscriber::start(message_handler handler, unique_function<void()> gap) {
    handler_ = std::move(handler);
    gap_ = std::move(gap);
    link_->start(weak_from_this());
}

void subscriber::stop() {
    link_->stop();
    timer_.cancel();
    post(subscriptions_.take_all(), make_error_code(errc::closed));
}

void subscriber::subscribe(std::vector<std::string> channels, waiter done) {
    waiter refused;
    link_->send(subscriptions_.subscribe(std::move(channels), std::move(done), refused));
    post(subscriptions_.take_due(), {});
    if (refused) {
        std::vector<waiter> one;
        one.push_back(std::move(refused));
        post(std::move(one), make_error_code(errc::overloaded));
    }
}

void subscriber::unsubscribe(const std::vector<std::string>& channels) {
    link_->send(subscriptions_.unsubscribe(channels));
}

void subscriber::pause(bool paused) {
    paused_ = paused;
    heard_ = true;  // its silence was none of Redis'
    link_->read_on(!paused);
}

void subscriber::post(std::vector<waiter> waiters, result<> outcome) {
    if (waiters.empty()) return;
    asio::post(loop_, [waiters = std::move(waiters), outcome]() mutable {
        for (auto& w : waiters)
            w(outcome);
    });
}

void subscriber::on_up() {
    ++ups_;
    reader_.emplace();
    link_->send(subscriptions_.on_connected());
    note_restored();
    heard_ = true;
    arm();
}

/// What was published between the loss and this moment may have been missed.
void subscriber::note_restored() {
    if (subscriptions_.take_restored() && ups_ > 1) gap_();
}

void subscriber::on_down() {
    subscriptions_.on_disconnected();
    timer_.cancel();
    if (ups_ > 0) gap_();
}

result<std::size_t> subscriber::on_bytes(std::string_view bytes) {
    heard_ = true;
    messages_.clear();
    std::size_t done = 0;
    bool understood = true;
    while (understood) {
        const auto front = look_at_front(bytes.substr(done));
        if (front.what == front_reply::kind::incomplete) break;
        if (front.what == front_reply::kind::message)
            messages_.push_back({front.channel, front.payload});
        else
            understood =
                front.what == front_reply::kind::other && take(bytes.substr(done, front.size));
        done += front.size;
    }
    // Waiters first: what the same read brought after their confirmation is for them as well.
    note_restored();
    for (auto& w : subscriptions_.take_due())
        w({});
    if (!messages_.empty() && link_->now() != link::state::stopped) handler_(messages_);
    if (!understood) return make_error_code(errc::malformed);
    return done;
}

/// One reply that is no message. False: the connection is of no use any more (a refused SUBSCRIBE,
/// say: which channels were meant is not told).
bool subscriber::take(std::string_view bytes) {
    std::vector<reply> one;
    if (!reader_->feed(bytes, one) || one.size() != 1) return false;
    const reply& r = one.front();
    if (r.type == reply::kind::status) return true;  // to a PING before the first subscription
    if (r.type != reply::kind::array || r.elements.empty()) return false;
    const auto& what = r.elements.front().text;
    if (what == "pong") return true;
    return is_confirmation(what) && subscriptions_.on_confirmed();
}

void subscriber::arm() {
    timer_.expires_after(options_.ping_interval);
    timer_.async_wait([weak = weak_from_this()](error_code cancelled) {
        const auto self = weak.lock();
        if (self && !cancelled && self->is_up()) self->on_tick();
    });
}

void subscriber::on_tick() {
    if (paused_) return arm();
    if (!std::exchange(heard_, false)) {
        link_->reset("no sign of life");
        return;
    }
    link_->send(make_command({"PING"}));
    arm();
}

}  // namespace chat_gateway::redis
