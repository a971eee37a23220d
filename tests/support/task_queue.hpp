#pragma once

#include <chat_gateway/base/unique_function.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

namespace chat_gateway::tests {

/// Stands for the services loop where a test has threads: any thread posts, the test runs.
class task_queue {
public:
    void post(unique_function<void()> task) {
        {
            const std::lock_guard lock(mutex_);
            tasks_.push_back(std::move(task));
        }
        posted_.notify_one();
    }

    /// Runs tasks as they come until the condition holds; false if the limit came first.
    bool run_until(const std::function<bool()>& condition,
                   std::chrono::seconds limit = std::chrono::seconds(30)) {
        const auto end = std::chrono::steady_clock::now() + limit;
        while (!condition()) {
            unique_function<void()> task;
            {
                std::unique_lock lock(mutex_);
                if (!posted_.wait_until(lock, end, [this] { return !tasks_.empty(); }))
                    return false;
                task = std::move(tasks_.front());
                tasks_.pop_front();
            }
            task();
        }
        return true;
    }

private:
    std::mutex mutex_;
    std::condition_variable posted_;
    std::deque<unique_function<void()>> tasks_;
};

}  // namespace chat_gateway::tests
