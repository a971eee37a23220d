#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace chat_gateway::tests {

/// What happened on loops, for the test's own thread to read and wait for.
class journal {
public:
    void write(std::string line) {
        {
            const std::lock_guard lock(mutex_);
            lines_.push_back(std::move(line));
        }
        written_.notify_all();
    }

    /// False if it has not been written in time.
    bool wait_for(const std::string& line, std::chrono::seconds limit = std::chrono::seconds(20)) {
        std::unique_lock lock(mutex_);
        return written_.wait_for(lock, limit, [&] {
            return std::find(lines_.begin(), lines_.end(), line) != lines_.end();
        });
    }

    std::vector<std::string> lines() {
        const std::lock_guard lock(mutex_);
        return lines_;
    }

private:
    std::mutex mutex_;
    std::condition_variable written_;
    std::vector<std::string> lines_;
};

/// Runs `task` on a loop and returns what it returns. The loop must be running.
template <class Loop, class Task>
auto run_on(Loop& loop, Task task) {
    std::packaged_task<decltype(task())()> packaged(std::move(task));
    auto outcome = packaged.get_future();
    loop.post([packaged = std::move(packaged)]() mutable { packaged(); });
    return outcome.get();
}

/// For figures that other threads change: looks again until it holds.
template <class Condition>
bool eventually(Condition holds, std::chrono::seconds limit = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

}  // namespace chat_gateway::tests
