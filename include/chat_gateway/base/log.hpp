#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace chat_gateway::log {

enum class level { trace, debug, info, warn, error };
enum class format { text, json };

/// One `key=value` of a log line. Never a cookie, a secret or a message's content.
struct field {
    field(std::string_view k, std::string_view v) : key(k), value(v) {}
    field(std::string_view k, std::integral auto v)
        : key(k), value(std::to_string(v)), number(true) {}
    std::string_view key;
    std::string value;
    bool number = false;
};

/// Lines go to standard error. Call once before threads start; until then level info, text.
void init(level minimum, format form);

/// Lines below are not written from now on. Thread-safe.
void set_level(level minimum) noexcept;

/// Cheap; lets callers skip the building of fields.
bool enabled(level l) noexcept;

/// Writes one line: time, level, message, fields. Control characters in values are escaped, so one
/// event is one line whatever a client sent. Thread-safe.
void write(level l, std::string_view message, std::initializer_list<field> fields = {});

inline void debug(std::string_view m, std::initializer_list<field> f = {}) {
    if (enabled(level::debug)) write(level::debug, m, f);
}
inline void info(std::string_view m, std::initializer_list<field> f = {}) {
    write(level::info, m, f);
}
inline void warn(std::string_view m, std::initializer_list<field> f = {}) {
    write(level::warn, m, f);
}
inline void error(std::string_view m, std::initializer_list<field> f = {}) {
    write(level::error, m, f);
}

}  // namespace chat_gateway::log
