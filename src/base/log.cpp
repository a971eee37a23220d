#include "log_format.hpp"
#include "log_limiter.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/base/log_repetition.hpp>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace chat_gateway::log {
namespace {

std::atomic<level> minimum_level{level::info};
std::atomic<format> line_format{format::text};

/// Only carries finished lines to standard error, one at a time.
spdlog::logger& carrier() {
    static const auto instance = [] {
        auto logger = std::make_unique<spdlog::logger>(
            "chat-gateway", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        logger->set_pattern("%v");
        logger->set_level(spdlog::level::trace);
        return logger;
    }();
    return *instance;
}

struct shared_limiter {
    std::mutex mutex;
    limiter of;
};

shared_limiter& repetitions() {
    static shared_limiter all;
    return all;
}

void tell(const std::vector<limiter::repetition>& repeated) {
    for (const auto& r : repeated)
        write_each(r.severity, "repeated", {{"line", r.message}, {"count", r.count}});
}

}  // namespace

void init(level minimum, format form) {
    minimum_level.store(minimum, std::memory_order_relaxed);
    line_format.store(form, std::memory_order_relaxed);
}

void set_level(level minimum) noexcept {
    minimum_level.store(minimum, std::memory_order_relaxed);
}

bool enabled(level l) noexcept {
    return l >= minimum_level.load(std::memory_order_relaxed);
}

void write_each(level l, std::string_view message, std::initializer_list<field> fields) {
    if (!enabled(l)) return;
    const auto line =
        format_line(line_format.load(std::memory_order_relaxed), std::chrono::system_clock::now(),
                    l, message, {fields.begin(), fields.size()});
    carrier().log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

void write(level l, std::string_view message, std::initializer_list<field> fields) {
    if (!enabled(l)) return;
    bool pass = true;
    // Whoever asked for single events wants all of them.
    if (l >= level::info) {
        auto& known = repetitions();
        const auto now = std::chrono::steady_clock::now();
        std::vector<limiter::repetition> due;
        {
            const std::lock_guard lock(known.mutex);
            due = known.of.take_due(now);
            pass = known.of.admit(l, message, now);
        }
        tell(due);
    }
    if (pass) write_each(l, message, fields);
}

void tell_repeated() {
    auto& known = repetitions();
    std::vector<limiter::repetition> due;
    {
        const std::lock_guard lock(known.mutex);
        due = known.of.take_due(std::chrono::steady_clock::now());
    }
    tell(due);
}

void tell_all_repeated() {
    auto& known = repetitions();
    std::vector<limiter::repetition> all;
    {
        const std::lock_guard lock(known.mutex);
        all = known.of.take_all();
    }
    tell(all);
}

}  // namespace chat_gateway::log
