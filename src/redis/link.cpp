#include "link.hpp"

#include <chat_gateway/base/log.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <utility>

namespace chat_gateway::redis {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// By all links of the process.
std::atomic<std::uint64_t> made{0};

// A connection that lasts this long is no reason to hesitate when it breaks; one that dies sooner
// keeps the backoff growing (Redis that accepts, then refuses).
constexpr auto settled_after = std::chrono::seconds(5);

}  // namespace

std::uint64_t connections_made() {
    return made.load(std::memory_order_relaxed);
}

url_source always(url where) {
    return [where = std::move(where)] { return where; };
}

link::link(asio::io_context& loop, url_source where, link_options options)
    : loop_(loop),
      source_(std::move(where)),
      options_(std::move(options)),
      timer_(loop),
      read_on_(loop, time_point::max()) {}

void link::start(std::weak_ptr<link_owner> owner) {
    owner_ = std::move(owner);
    asio::co_spawn(loop_, run(shared_from_this()), [](std::exception_ptr broken_invariant) {
        if (broken_invariant) std::rethrow_exception(broken_invariant);
    });
}

void link::stop() {
    state_ = state::stopped;
    owner_.reset();
    timer_.cancel();
    read_on_.cancel();
    if (auto last = std::exchange(stream_, nullptr)) last->close();
}

void link::send(std::string_view bytes) {
    if (state_ == state::up) stream_->write(bytes);
}

void link::read_on(bool on) {
    reading_ = on;
    if (on) read_on_.cancel();
}

void link::reset(std::string_view reason) {
    if (!stream_) return;
    std::exchange(stream_, nullptr)->close();
    read_on_.cancel();
    const auto before = std::exchange(state_, state::away);
    log_loss(before, reason);
    if (before == state::up && steady_clock::now() - up_since_ > settled_after)
        options_.retry.reset();
    if (before == state::away) return;
    if (const auto owner = owner_.lock()) owner->on_down();
}

void link::log_loss(state before, std::string_view reason) const {
    const auto level = before == state::away ? log::level::debug : log::level::warn;
    const auto what = before == state::up ? "redis connection lost" : "redis cannot be reached";
    if (!log::enabled(level)) return;
    log::write(level, what,
               {{"connection", options_.name}, {"url", where_.redacted()}, {"reason", reason}});
}

void link::rise() {
    state_ = state::up;
    up_since_ = steady_clock::now();
    made.fetch_add(1, std::memory_order_relaxed);
    log::info("redis connected", {{"connection", options_.name}, {"url", where_.redacted()}});
    if (const auto owner = owner_.lock()) owner->on_up();
}

// `self` keeps the link alive as long as its coroutine; `this` is the same object.
asio::awaitable<void> link::run([[maybe_unused]] std::shared_ptr<link> self) {
    co_await asio::post(loop_, asio::use_awaitable);  // nothing happens inside start()
    while (state_ != state::stopped) {
        where_ = source_();
        stream_ = std::make_shared<stream>(loop_);
        watch(stream_);
        co_await attempt(stream_);
        if (state_ != state::stopped) co_await pause();
    }
}

asio::awaitable<void> link::pause() {
    timer_.expires_after(options_.retry.next());
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
}

void link::watch(const std::shared_ptr<stream>& current) {
    timer_.expires_after(options_.connect_timeout);
    timer_.async_wait([weak = weak_from_this(), current](error_code cancelled) {
        const auto self = weak.lock();
        if (cancelled || !self || self->stream_ != current || self->state_ == state::up) return;
        self->reset("connect timed out");
    });
}

/// Ends when `current` is not the link's stream any more.
asio::awaitable<void> link::attempt(std::shared_ptr<stream> current) {
    std::string failure = co_await open(current);
    if (stream_ != current) co_return;
    timer_.cancel();
    if (!failure.empty()) {
        reset(failure);
        co_return;
    }
    rise();
    co_await read_all(current);
}

std::string link::greeting() const {
    std::string commands;
    if (!where_.password.empty() && !where_.user.empty())
        commands += make_command({"AUTH", where_.user, where_.password});
    else if (!where_.password.empty())
        commands += make_command({"AUTH", where_.password});
    if (where_.database != 0) commands += make_command({"SELECT", std::to_string(where_.database)});
    return commands + make_command({"PING"});
}

/// Connects and introduces itself. Why it failed; empty if it did not.
asio::awaitable<std::string> link::open(std::shared_ptr<stream> current) {
    result<> connected = co_await current->connect(where_);
    if (!connected) co_return connected.error().message();
    current->write(greeting());
    std::size_t due = 1;
    if (!where_.password.empty()) ++due;
    if (where_.database != 0) ++due;
    reply_reader reader;
    std::vector<reply> answers;
    while (answers.size() < due) {
        auto bytes = co_await current->read();
        if (!bytes) co_return bytes.error().message();
        const auto fed = reader.feed(*bytes, answers);
        current->consume(bytes->size());
        if (!fed) co_return fed.error().message();
    }
    if (answers.size() > due) co_return "more answers than questions";
    for (const auto& answer : answers) {
        if (answer.is_error()) co_return std::string(error_code_word(answer));
    }
    co_return std::string();
}

asio::awaitable<void> link::until_read_on(std::shared_ptr<stream> current) {
    while (!reading_ && stream_ == current)
        co_await read_on_.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> link::read_all(std::shared_ptr<stream> current) {
    while (stream_ == current) {
        if (!reading_) co_await until_read_on(current);
        auto bytes = co_await current->read();
        if (stream_ != current) co_return;
        result<std::size_t> taken = make_error_code(errc::closed);
        if (!bytes)
            taken = bytes.error();
        else if (const auto owner = owner_.lock())
            taken = owner->on_bytes(*bytes);
        if (stream_ != current) co_return;
        if (taken)
            current->consume(*taken);
        else
            reset(taken.error().message());
    }
}

}  // namespace chat_gateway::redis
