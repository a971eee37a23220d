#include "connection.hpp"

#include "subscriber.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace chat_gateway::redis {

namespace asio = boost::asio;
using boost::system::error_code;

connection::connection(asio::io_context& loop, url where, connection_options options)
    : loop_(loop),
      where_(std::move(where)),
      options_(std::move(options)),
      link_(std::make_shared<link>(loop, always(where_), options_.link)),
      timer_(loop) {}

connection::~connection() {
    stop();
}

void connection::start() {
    link_->start(weak_from_this());
}

void connection::stop() {
    link_->stop();
    timer_.cancel();
    early_.clear();
    fail_pending(errc::closed);
}

void connection::later(unique_function<void()> task) {
    asio::post(loop_, [task = std::move(task)]() mutable { task(); });
}

result<> connection::admit(std::size_t bytes) const {
    switch (link_->now()) {
        case link::state::stopped:
            return make_error_code(errc::closed);
        case link::state::away:
            return make_error_code(errc::unavailable);
        case link::state::first_attempt:
        case link::state::up:
            break;
    }
    if (pending_.size() >= options_.max_pending ||
        early_.size() + link_->unsent() + bytes > options_.max_unsent)
        return make_error_code(errc::overloaded);
    return {};
}

void connection::execute(std::span<const std::string_view> words, reply_handler handler) {
    execute_encoded(make_command(words), std::move(handler));
}

void connection::execute_encoded(std::string_view bytes, reply_handler handler) {
    if (const auto admitted = admit(bytes.size()); !admitted) {
        later([handler = std::move(handler), e = admitted.error()]() mutable { handler(e); });
        return;
    }
    pending_.push_back({std::move(handler), steady_clock::now()});
    if (link_->now() == link::state::first_attempt) {
        early_ += bytes;
        return;
    }
    link_->send(bytes);
    if (!armed_) arm();
}

// One server holds every key, and is the only master.
void connection::execute_at(std::string_view, std::span<const std::string_view> words,
                            reply_handler handler) {
    execute(words, std::move(handler));
}

void connection::execute_on_masters(std::span<const std::string_view> words,
                                    replies_handler handler) {
    execute(words, [handler = std::move(handler)](result<reply> r) mutable {
        if (!r) return handler(r.error());
        std::vector<reply> all;
        all.push_back(std::move(*r));
        handler(std::move(all));
    });
}

std::shared_ptr<channel_listener> connection::make_listener(listener_options o) {
    return std::make_shared<subscriber>(loop_, always(where_), std::move(o));
}

std::shared_ptr<client> connection::make_another(std::string name,
                                                 std::chrono::milliseconds timeout) {
    auto options = options_;
    options.link.name = std::move(name);
    options.command_timeout = timeout;
    auto made = std::make_shared<connection>(loop_, where_, std::move(options));
    made->start();
    return made;
}

void connection::on_up() {
    reader_.emplace();
    if (pending_.empty()) return;
    for (auto& command : pending_)
        command.sent = steady_clock::now();
    link_->send(std::exchange(early_, {}));
    arm();
}

result<std::size_t> connection::on_bytes(std::string_view bytes) {
    std::vector<reply> batch;
    const auto fed = reader_->feed(bytes, batch);
    take(std::move(batch));
    if (!fed) return fed.error();
    return bytes.size();
}

void connection::take(std::vector<reply> batch) {
    for (auto& r : batch) {
        if (link_->now() != link::state::up) return;  // a handler stopped it
        if (pending_.empty()) {
            link_->reset("an answer to nothing");
            return;
        }
        auto handler = std::move(pending_.front().handler);
        pending_.pop_front();
        handler(std::move(r));
    }
}

void connection::on_down() {
    timer_.cancel();
    early_.clear();
    fail_pending(errc::unavailable);
}

/// Commands that had their time fail with errc::timeout, the others with `reason`.
void connection::fail_pending(errc reason) {
    armed_ = false;
    if (pending_.empty()) return;
    std::vector<std::pair<reply_handler, errc>> failed;
    failed.reserve(pending_.size());
    for (auto& command : std::exchange(pending_, {}))
        failed.emplace_back(std::move(command.handler), overdue(command) ? errc::timeout : reason);
    asio::post(loop_, [failed = std::move(failed)]() mutable {
        for (auto& [handler, why] : failed)
            handler(make_error_code(why));
    });
}

bool connection::overdue(const pending_command& command) const {
    return steady_clock::now() >= command.sent + options_.command_timeout;
}

void connection::arm() {
    armed_ = true;
    timer_.expires_at(pending_.front().sent + options_.command_timeout);
    timer_.async_wait([weak = weak_from_this()](error_code cancelled) {
        const auto self = weak.lock();
        if (self && !cancelled) self->on_deadline();
    });
}

void connection::on_deadline() {
    armed_ = false;
    if (pending_.empty()) return;
    if (overdue(pending_.front()))
        link_->reset("no answer in time");
    else
        arm();
}

std::shared_ptr<connection> make_connection(asio::io_context& loop, url where) {
    auto made = std::make_shared<connection>(loop, std::move(where), connection_options{});
    made->start();
    return made;
}

void stop(client& c) {
    c.stop();
}

}  // namespace chat_gateway::redis
