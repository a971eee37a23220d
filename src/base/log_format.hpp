#pragma once

#include <chat_gateway/base/log.hpp>

#include <chrono>
#include <span>
#include <string>
#include <string_view>

namespace chat_gateway::log {

/// One event as one line, without the line break.
/// text: `2026-01-31T09:05:07.042Z warn slow consumer sid=abc reason="said \"no\""`
/// json: `{"time":"2026-01-31T09:05:07.042Z","level":"warn","message":"slow consumer","sid":"abc"}`
std::string format_line(format form, std::chrono::system_clock::time_point when, level severity,
                        std::string_view message, std::span<const field> fields);

}  // namespace chat_gateway::log
