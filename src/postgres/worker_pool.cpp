#include "worker_pool.hpp"

#include "connection_string.hpp"
#include "failure.hpp"
#include "query.hpp"
#include "session.hpp"

#include <chat_gateway/base/log.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <string>

namespace chat_gateway::postgres {
namespace {

/// How much later than the server's own limit a statement is given up here.
constexpr auto grace = std::chrono::seconds(1);

boost::system::error_code to_error(failure f) {
    switch (f) {
        case failure::none:
            return {};
        case failure::timeout:
            return make_error_code(errc::timeout);
        case failure::rejected:
            return refused();
        case failure::unreachable:
        case failure::lost:
            break;
    }
    return make_error_code(errc::unavailable);
}

}  // namespace

/// One thread's connection and what is done with it. Made and used on that thread.
class worker_pool::worker {
public:
    explicit worker(worker_pool& pool) : pool_(pool), url_(with_time_limits(pool.options_.url)) {}

    boost::system::error_code perform(queued& q) {
        if (steady_clock::now() - q.since > pool_.options_.statement_timeout) {
            return make_error_code(errc::timeout);
        }
        auto outcome = attempt(q.work);
        if (outcome == failure::lost) outcome = attempt(q.work);
        return to_error(outcome);
    }

private:
    failure attempt(job& j) {
        if (!session_ && !connect()) return failure::unreachable;
        return guarded([&] { j.run(session_->connection()); });
    }

    bool connect() {
        if (!pool_.gate_.may_try(steady_clock::now())) return false;
        try {
            session_.emplace(url_);
        } catch (const std::exception& e) {
            report_failure(e);
            return false;
        }
        // Not as a connection option: poolers in between refuse those. A connection that does not
        // take it is as good as none: a pooler may accept clients without a server behind it.
        const auto limit = std::to_string(pool_.options_.statement_timeout.count());
        const auto outcome =
            guarded([&] { query(session_->connection(), "set statement_timeout = " + limit); });
        if (outcome != failure::none) {
            session_.reset();
            if (pool_.gate_.failed(steady_clock::now())) log::warn("postgres takes no statements");
            return false;
        }
        ++pool_.connects_;
        if (pool_.gate_.succeeded()) log::info("postgres is back");
        return true;
    }

    void report_failure(const std::exception& e) {
        if (!pool_.gate_.failed(steady_clock::now())) return;
        log::warn("postgres cannot be reached",
                  {{"error", without_password(e.what(), pool_.options_.url)}});
    }

    /// Runs statements, at most so long; a connection that is of no more use is dropped.
    template <class Statements>
    failure guarded(Statements statements) {
        const auto deadline = steady_clock::now() + pool_.options_.statement_timeout + grace;
        const auto watch = pool_.watchdog_.watch(session_->socket(), deadline);
        auto outcome = run(statements);
        const bool cut = pool_.watchdog_.unwatch(watch);
        if (cut) {
            log::warn("postgres does not answer, connection dropped");
            outcome = failure::timeout;
        }
        if (cut || outcome == failure::lost) session_.reset();
        return outcome;
    }

    template <class Statements>
    failure run(Statements& statements) {
        try {
            statements();
            return failure::none;
        } catch (const std::exception& e) {
            const auto outcome = classify(e, session_->connection());
            if (outcome == failure::rejected) {
                log::error("postgres statement failed", {{"error", e.what()}});
            }
            return outcome;
        }
    }

    worker_pool& pool_;
    std::string url_;
    std::optional<session> session_;
};

worker_pool::worker_pool(pool_options o, post_function post)
    : options_(std::move(o)), post_(std::move(post)) {
    // libpq would set the sessions' TimeZone to it; the one that matters is the database's.
    ::unsetenv("PGTZ");
    threads_.reserve(options_.size);
    for (unsigned i = 0; i < options_.size; ++i) {
        threads_.emplace_back([this] {
            worker w(*this);
            while (auto q = next()) {
                ++busy_;
                const auto error = w.perform(*q);
                --busy_;
                finish(std::move(q->work), error);
            }
        });
    }
}

worker_pool::~worker_pool() {
    stop();
}

void worker_pool::submit(job j, turn when) {
    std::unique_lock lock(mutex_);
    if (stopped_ || queue_.size() >= max_queued) {
        const auto error = stopped_ ? errc::closed : errc::overloaded;
        lock.unlock();
        return finish(std::move(j), make_error_code(error));
    }
    queued q{std::move(j), steady_clock::now()};
    if (when == turn::next) {
        queue_.push_front(std::move(q));
    } else {
        queue_.push_back(std::move(q));
    }
    lock.unlock();
    changed_.notify_one();
}

std::optional<worker_pool::queued> worker_pool::next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
    if (queue_.empty()) return std::nullopt;
    auto q = std::move(queue_.front());
    queue_.pop_front();
    return q;
}

void worker_pool::finish(job j, boost::system::error_code error) {
    post_([finish = std::move(j.finish), error]() mutable { finish(error); });
}

void worker_pool::stop() {
    std::deque<queued> unasked;
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        unasked.swap(queue_);
    }
    changed_.notify_all();
    for (auto& q : unasked)
        finish(std::move(q.work), make_error_code(errc::closed));
    for (auto& thread : threads_)
        thread.join();
    threads_.clear();
}

pool_state worker_pool::state() {
    const std::lock_guard lock(mutex_);
    return {
        .workers = options_.size, .busy = busy_, .queued = queue_.size(), .connects = connects_};
}

pool_state state_of(worker_pool& p) {
    return p.state();
}

std::shared_ptr<worker_pool> make_worker_pool(pool_options o, post_function post) {
    return std::make_shared<worker_pool>(std::move(o), std::move(post));
}

void stop(worker_pool& p) {
    p.stop();
}

}  // namespace chat_gateway::postgres
