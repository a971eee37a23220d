#include "log_format.hpp"

#include <chat_gateway/base/log.hpp>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <chrono>
#include <memory>

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

void write(level l, std::string_view message, std::initializer_list<field> fields) {
    if (!enabled(l)) return;
    const auto line =
        format_line(line_format.load(std::memory_order_relaxed), std::chrono::system_clock::now(),
                    l, message, {fields.begin(), fields.size()});
    carrier().log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace chat_gateway::log
