#pragma once

#include "connect_gate.hpp"
#include "watchdog.hpp"

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/postgres/postgres.hpp>

#include <pqxx/pqxx>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace chat_gateway::postgres {

/// One question to the database.
struct job {
    /// Runs on a worker and may throw; runs again on a fresh connection if the first one breaks, so
    /// it only reads.
    unique_function<void(pqxx::connection&)> run;
    /// Called once on the services loop, with no error if run() came to its end.
    unique_function<void(boost::system::error_code)> finish;
};

/// Threads with a connection each. submit() and stop() belong to the services loop.
class worker_pool {
public:
    static constexpr std::size_t max_queued = 1000;
    enum class turn : std::uint8_t { in_line, next };

    worker_pool(pool_options o, post_function post);
    ~worker_pool();
    worker_pool(const worker_pool&) = delete;
    worker_pool& operator=(const worker_pool&) = delete;

    /// A job that cannot be queued is told errc::overloaded or errc::closed; one that waited longer
    /// than a statement may run is told errc::timeout, and its statement is not run.
    void submit(job j, turn when = turn::in_line);
    void post(unique_function<void()> task) { post_(std::move(task)); }
    void stop();
    [[nodiscard]] pool_state state();

private:
    class worker;
    struct queued {
        job work;
        time_point since;
    };

    std::optional<queued> next();
    void finish(job j, boost::system::error_code error);

    pool_options options_;
    post_function post_;
    connect_gate gate_;
    watchdog watchdog_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<queued> queue_;
    bool stopped_ = false;
    std::atomic<std::size_t> busy_{0};
    std::atomic<std::uint64_t> connects_{0};
    std::vector<std::thread> threads_;
};

/// Runs `read` on a worker and hands what it returns to `handler` on the services loop.
template <class T, class Read>
void ask(worker_pool& pool, Read read, unique_function<void(result<T>)> handler) {
    auto answer = std::make_shared<std::optional<T>>();
    pool.submit({[answer, read = std::move(read)](pqxx::connection& c) { *answer = read(c); },
                 [answer, handler = std::move(handler)](boost::system::error_code error) mutable {
                     if (error) return handler({boost::system::in_place_error, error});
                     handler(std::move(**answer));
                 }});
}

}  // namespace chat_gateway::postgres
