#include "cluster/js_date.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace chat_gateway::socketio::cluster {
namespace {

/// std::chrono's years end at 32767, a Date's at 275760; the calendar repeats every 400 years.
constexpr std::int64_t cycle_days = 146097;
constexpr std::int64_t cycle_years = 400;
constexpr std::int64_t day_ms = 86'400'000;

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    return a / b - (a % b < 0 ? 1 : 0);
}

}  // namespace

void append_js_date(std::string& out, double ms) {
    constexpr double furthest = 8.64e15;
    if (!(std::abs(ms) <= furthest)) {
        out += "null";
        return;
    }
    const auto time = static_cast<std::int64_t>(ms);
    const auto days = floor_div(time, day_ms);
    const auto cycle = floor_div(days, cycle_days);
    const std::chrono::year_month_day date{
        std::chrono::sys_days{std::chrono::days{days - cycle * cycle_days}}};
    const auto year = static_cast<int>(date.year()) + cycle * cycle_years;
    const std::chrono::hh_mm_ss clock{std::chrono::milliseconds{time - days * day_ms}};

    std::array<char, 48> text;
    const char* const form = year >= 0 && year <= 9999 ? "\"%04d-%02u-%02uT%02d:%02d:%02d.%03dZ\""
                                                       : "\"%+07d-%02u-%02uT%02d:%02d:%02d.%03dZ\"";
    const int size = std::snprintf(
        text.data(), text.size(), form, static_cast<int>(year), static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
        static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
        static_cast<int>(clock.subseconds().count()));
    out.append(text.data(), static_cast<std::size_t>(size));
}

}  // namespace chat_gateway::socketio::cluster
