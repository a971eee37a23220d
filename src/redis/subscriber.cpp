#include "subscriber.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace chat_gateway::redis {

namespace asio = boost::asio;

namespace {

bool is_confirmation(std::string_view what) {
    constexpr std::string_view words[] = {"subscribe", "unsubscribe", "psubscribe", "ssubscribe",
                                          "sunsubscribe"};
    return std::ranges::find(words, what) != std::end(words);
}

}  // namespace

subscriber::subscriber(asio::io_context& loop, url_source where, subscriber_options options)
    : loop_(loop),
      link_(std::make_shared<listening_link>(loop, std::move(where), options.link,
                                             options.ping_interval)),
      subscriptions_(std::move(options.pattern), options.sharded) {}

subscriber::~subscriber() {
    stop();
}

void subscriber::start(message_handler handler, unique_function<void()> gap) {
    handler_ = std::move(handler);
    gap_ = std::move(gap);
    link_->start(weak_from_this());
}

void subscriber::stop() {
    stopped_ = true;
    link_->stop();
    post(subscriptions_.take_all(), make_error_code(errc::closed));
}

void subscriber::subscribe(std::vector<std::string> channels, waiter done) {
    waiter refused;
    link_->send(subscriptions_.subscribe(channels, std::move(done), refused));
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

void subscriber::post(std::vector<waiter> waiters, result<> outcome) {
    if (waiters.empty()) return;
    asio::post(loop_, [waiters = std::move(waiters), outcome]() mutable {
        for (auto& w : waiters)
            w(outcome);
    });
}

void subscriber::on_up() {
    ++ups_;
    link_->send(subscriptions_.on_connected());
    note_restored();
}

/// What was published between the loss and this moment may have been missed.
void subscriber::note_restored() {
    if (subscriptions_.take_restored() && ups_ > 1) gap_();
}

void subscriber::on_down() {
    subscriptions_.on_disconnected();
    if (ups_ > 0) gap_();
}

/// A refused SUBSCRIBE makes the connection useless: which channels were meant is not told.
bool subscriber::on_reply(const reply& r) {
    if (r.type != reply::kind::array || r.elements.empty()) return false;
    return is_confirmation(r.elements.front().text) && subscriptions_.on_confirmed();
}

void subscriber::on_messages(std::span<const published> batch) {
    // Waiters first: what the same read brought after their confirmation is for them as well.
    note_restored();
    for (auto& w : subscriptions_.take_due())
        w({});
    if (!batch.empty() && !stopped_) handler_(batch);
}

}  // namespace chat_gateway::redis
