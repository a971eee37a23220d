#include "connection_string.hpp"
#include "outbox_publisher.hpp"
#include "outbox_session.hpp"
#include "watchdog.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/base/random.hpp>
#include <chat_gateway/postgres/postgres.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace chat_gateway::postgres {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds sink_patience{10000};
constexpr milliseconds poll_interval{5000};  ///< safety net: notifications are what wakes
constexpr milliseconds claim_interval{1000};
constexpr milliseconds first_pause{100};
constexpr milliseconds longest_pause{3000};

/// Between half of it and all of it, so that gateways do not act in step.
milliseconds jittered(milliseconds t) {
    const auto half = static_cast<std::uint64_t>(t.count() / 2);
    return t - milliseconds(random_below(half + 1));
}

/// Wakes a thread that polls descriptors.
class wake_up {
public:
    wake_up() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    ~wake_up() { ::close(descriptor_); }
    wake_up(const wake_up&) = delete;
    wake_up& operator=(const wake_up&) = delete;
    [[nodiscard]] int descriptor() const { return descriptor_; }
    void wake() const { ::eventfd_write(descriptor_, 1); }
    void wait(milliseconds limit) const {
        pollfd source{descriptor_, POLLIN, 0};
        ::poll(&source, 1, static_cast<int>(limit.count()));
    }

private:
    int descriptor_;
};

/// An answer of the services loop for which the feed's thread waits.
template <class T>
struct slot {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<result<T>> answer;

    void set(result<T> r) {
        {
            const std::lock_guard lock(mutex);
            if (!answer) answer.emplace(std::move(r));
        }
        changed.notify_one();
    }
    result<T> get() {
        std::unique_lock lock(mutex);
        changed.wait_for(lock, sink_patience, [this] { return answer.has_value(); });
        if (!answer) return make_error_code(errc::timeout);
        return *answer;
    }
};

/// The sink as the feed's thread sees it. What it posts holds it by reference count, so that the
/// feed may go first.
class posted_sink final : public waiting_sink, public std::enable_shared_from_this<posted_sink> {
public:
    posted_sink(chat::change_sink& sink, std::shared_ptr<post_function> post)
        : sink_(&sink), post_(std::move(post)) {}

    result<> publish_marked(std::vector<chat::change> changes, std::uint64_t after,
                            std::uint64_t mark) override {
        return ask<void>([changes = std::move(changes), after, mark](chat::change_sink& sink,
                                                                     auto done) mutable {
            sink.publish_marked(std::move(changes), after, mark, std::move(done));
        });
    }
    result<std::uint64_t> last_mark() override {
        return ask<std::uint64_t>(
            [](chat::change_sink& sink, auto done) { sink.last_mark(std::move(done)); });
    }
    /// Services loop: the sink is used no more, and whoever waits for it does so no longer.
    void close() {
        sink_ = nullptr;
        const std::lock_guard lock(mutex_);
        closed_ = true;
        if (give_up_) give_up_();
    }

private:
    template <class T, class Question>
    result<T> ask(Question question) {
        const auto answer = std::make_shared<slot<T>>();
        {
            const std::lock_guard lock(mutex_);
            if (closed_) return make_error_code(errc::closed);
            give_up_ = [answer] { answer->set(make_error_code(errc::closed)); };
        }
        (*post_)([self = shared_from_this(), answer, question = std::move(question)]() mutable {
            if (self->sink_ == nullptr) return answer->set(make_error_code(errc::closed));
            question(*self->sink_, [answer](result<T> r) { answer->set(std::move(r)); });
        });
        return answer->get();
    }

    chat::change_sink* sink_;  ///< services loop only
    std::shared_ptr<post_function> post_;
    std::mutex mutex_;
    bool closed_ = false;
    unique_function<void()> give_up_;
};

/// A thread with a session of its own; it makes a new one, after a pause that grows, when that
/// fails.
class change_feed final : public chat::change_feed {
public:
    change_feed(outbox_options o, post_function post)
        : options_(std::move(o)),
          url_(with_time_limits(options_.url)),
          post_(std::make_shared<post_function>(std::move(post))) {}
    ~change_feed() override {
        if (!thread_.joinable()) return;
        stopped_ = true;
        sink_->close();
        stop_.wake();
        thread_.join();
    }
    change_feed(const change_feed&) = delete;
    change_feed& operator=(const change_feed&) = delete;

    void start(chat::change_sink& sink) override {
        sink_ = std::make_shared<posted_sink>(sink, post_);
        thread_ = std::thread([this] { run(); });
    }

private:
    void run() {
        while (!stopped_) {
            try {
                serve();
            } catch (const std::exception& e) {
                note_failure(e);
            }
            if (!stopped_) stop_.wait(pause_);
        }
    }

    /// One session, until it fails or the feed stops.
    void serve() {
        outbox_session source(url_, options_.statement_timeout, watchdog_);
        source.check();
        if (std::exchange(failed_, false)) log::info("outbox is back");
        if (std::exchange(kept_, source.keeps_published()) && !kept_) {
            log::warn(
                "config/postgres/outbox.sql is of an earlier version, or this role is not granted "
                "all of it: what a gateway misses while it is away from the bus stays missed");
        }
        pause_ = first_pause;
        outbox_publisher publisher(source, *sink_);
        milliseconds sink_pause = first_pause;
        bool told = false;
        while (!stopped_) {
            const auto outcome = publisher.step(steady_clock::now());
            using enum outbox_publisher::outcome;
            if (outcome != standby && !std::exchange(told, true)) {
                log::info("this gateway publishes the outbox");
            }
            if (outcome == sink_away) {
                if (sink_pause == first_pause) log::warn("the outbox waits for the bus");
                stop_.wait(jittered(sink_pause));
                sink_pause = std::min(sink_pause * 2, longest_pause);
                continue;
            }
            sink_pause = first_pause;
            if (outcome == standby) source.wait(stop_.descriptor(), jittered(claim_interval));
            if (outcome == settling) stop_.wait(first_pause);
            if (outcome == idle) source.wait(stop_.descriptor(), jittered(poll_interval));
        }
    }

    void note_failure(const std::exception& e) {
        pause_ = jittered(failed_ ? std::min(pause_ * 2, longest_pause) : first_pause);
        if (std::exchange(failed_, true)) return;
        if (dynamic_cast<const pqxx::sql_error*>(&e) != nullptr) {
            log::error(
                "postgres.outbox is on, but the outbox cannot be read: is "
                "config/postgres/outbox.sql installed, and this role granted it?",
                {{"error", e.what()}});
        } else {
            log::warn("outbox cannot be reached",
                      {{"error", without_password(e.what(), options_.url)}});
        }
    }

    outbox_options options_;
    std::string url_;
    std::shared_ptr<post_function> post_;
    watchdog watchdog_;
    wake_up stop_;
    std::atomic<bool> stopped_{false};
    std::shared_ptr<posted_sink> sink_;
    milliseconds pause_ = first_pause;
    bool failed_ = false;
    bool kept_ = true;  ///< what is published, for a while
    std::thread thread_;
};

}  // namespace

std::unique_ptr<chat::change_feed> make_change_feed(outbox_options o, post_function post) {
    return std::make_unique<change_feed>(std::move(o), std::move(post));
}

}  // namespace chat_gateway::postgres
