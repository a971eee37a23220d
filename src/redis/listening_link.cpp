#include "listening_link.hpp"

#include "resp.hpp"

#include <utility>

namespace chat_gateway::redis {

using boost::system::error_code;

listening_link::listening_link(boost::asio::io_context& loop, url_source where,
                               link_options options, std::chrono::milliseconds ping_interval)
    : ping_interval_(ping_interval),
      link_(std::make_shared<link>(loop, std::move(where), std::move(options))),
      timer_(loop) {}

void listening_link::start(std::weak_ptr<listening_owner> owner) {
    owner_ = std::move(owner);
    link_->start(weak_from_this());
}

void listening_link::stop() {
    owner_.reset();
    link_->stop();
    timer_.cancel();
}

void listening_link::pause(bool paused) {
    paused_ = paused;
    heard_ = true;  // its silence was none of Redis'
    link_->read_on(!paused);
}

void listening_link::on_up() {
    reader_.emplace();
    heard_ = true;
    if (const auto owner = owner_.lock()) owner->on_up();
    if (is_up()) arm();
}

void listening_link::on_down() {
    timer_.cancel();
    if (const auto owner = owner_.lock()) owner->on_down();
}

result<std::size_t> listening_link::on_bytes(std::string_view bytes) {
    const auto owner = owner_.lock();
    if (!owner) return bytes.size();
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
            understood = front.what == front_reply::kind::other &&
                         take(bytes.substr(done, front.size), *owner);
        done += front.size;
    }
    owner->on_messages(messages_);
    if (!understood) return make_error_code(errc::malformed);
    return done;
}

/// One reply that is no message.
bool listening_link::take(std::string_view bytes, listening_owner& owner) {
    std::vector<reply> one;
    if (!reader_->feed(bytes, one) || one.size() != 1) return false;
    const reply& r = one.front();
    if (r.type == reply::kind::status) return true;  // to a PING before the first subscription
    if (r.type == reply::kind::array && !r.elements.empty() && r.elements.front().text == "pong")
        return true;
    return owner.on_reply(r);
}

void listening_link::arm() {
    timer_.expires_after(ping_interval_);
    timer_.async_wait([weak = weak_from_this()](error_code cancelled) {
        const auto self = weak.lock();
        if (self && !cancelled && self->is_up()) self->on_tick();
    });
}

void listening_link::on_tick() {
    if (paused_) return arm();
    if (!std::exchange(heard_, false)) {
        link_->reset("no sign of life");
        return;
    }
    link_->send(make_command({"PING"}));
    arm();
}

}  // namespace chat_gateway::redis
