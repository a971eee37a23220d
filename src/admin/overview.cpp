#include "overview.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace chat_gateway::admin {
namespace {

/// Whole numbers stay whole: 12, not 12.0.
json number_of(double value) {
    constexpr double exact = 9007199254740992;  // 2^53
    if (value >= 0 && value < exact && value == std::floor(value))
        return static_cast<std::uint64_t>(value);
    return value;
}

}  // namespace

json samples_of(std::string_view prometheus) {
    json all = json::object();
    while (!prometheus.empty()) {
        const auto end = prometheus.find('\n');
        const auto line = prometheus.substr(0, end);
        prometheus.remove_prefix(end == prometheus.npos ? prometheus.size() : end + 1);
        // A label may have spaces in it, the value has none.
        const auto space = line.rfind(' ');
        if (line.starts_with('#') || space == line.npos || space == 0) continue;
        double value = 0;
        const char* const stop = line.data() + line.size();
        const auto [parsed, error] = std::from_chars(line.data() + space + 1, stop, value);
        if (error != std::errc{} || parsed != stop || !std::isfinite(value) || value == 0) continue;
        all[std::string(line.substr(0, space))] = number_of(value);
    }
    return all;
}

json overview::of_this_gateway() const {
    using std::chrono::duration_cast;
    using std::chrono::seconds;
    const auto uptime = duration_cast<seconds>(std::chrono::steady_clock::now() - begun_);
    return {{"name", name_},
            {"version", CHAT_GATEWAY_VERSION},
            {"uptime_seconds", uptime.count()},
            {"draining", draining_},
            {"rooms", services_.hub().room_count()},
            {"figures", samples_of(figures_.prometheus())}};
}

bool is_overview(const json& j) {
    const auto has = [&j](const char* name, bool (json::*is)() const noexcept) {
        const auto found = j.find(name);
        return found != j.end() && ((*found).*is)();
    };
    if (!j.is_object() || !has("name", &json::is_string) || !has("version", &json::is_string) ||
        !has("uptime_seconds", &json::is_number_integer) || !has("draining", &json::is_boolean) ||
        !has("rooms", &json::is_number_unsigned) || !has("figures", &json::is_object))
        return false;
    for (const auto& [name, value] : j["figures"].items()) {
        if (!value.is_number()) return false;
    }
    return true;
}

}  // namespace chat_gateway::admin
