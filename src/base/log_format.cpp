#include "log_format.hpp"

#include <chat_gateway/base/text.hpp>

#include <array>
#include <ctime>

namespace chat_gateway::log {
namespace {

std::string_view name_of(level l) {
    switch (l) {
        case level::trace:
            return "trace";
        case level::debug:
            return "debug";
        case level::info:
            return "info";
        case level::warn:
            return "warn";
        case level::error:
            return "error";
    }
    return "error";
}

std::string timestamp(std::chrono::system_clock::time_point when) {
    const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(when.time_since_epoch());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
    const std::time_t clock = seconds.count();
    std::tm utc{};
    gmtime_r(&clock, &utc);
    std::array<char, 32> date{};
    const auto length = std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S.", &utc);
    const auto fraction = std::to_string(1000 + (since_epoch - seconds).count());
    return std::string(date.data(), length) + fraction.substr(1) + 'Z';
}

/// Length that the lead byte of a UTF-8 sequence announces; 1 for what is no lead byte.
std::size_t announced_length(unsigned char lead) {
    if (lead >= 0xF0) return 4;
    if (lead >= 0xE0) return 3;
    return lead >= 0xC0 ? 2 : 1;
}

/// The first character of `text`; a single byte where there is no whole and valid one.
std::string_view first_character(std::string_view text) {
    const auto whole = text.substr(0, announced_length(static_cast<unsigned char>(text.front())));
    return is_valid_utf8(whole) ? whole : text.substr(0, 1);
}

void append_unicode_escape(std::string& out, unsigned code) {
    static constexpr std::string_view digits = "0123456789abcdef";
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4)
        out += digits[(code >> shift) & 0xF];
}

void append_escaped_ascii(std::string& out, char c) {
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7F) {
        append_unicode_escape(out, code);
    } else if (code >= 0x80) {
        append_unicode_escape(out, 0xFFFD);  // a byte that is no UTF-8
    } else {
        out += c;
    }
}

/// As inside a JSON string, in both formats. Beyond what JSON asks for, the control characters of
/// Latin-1 and the Unicode line breaks are escaped: terminals and log viewers act on them.
void append_escaped(std::string& out, std::string_view text) {
    while (!text.empty()) {
        const auto character = first_character(text);
        if (character.size() == 1) {
            append_escaped_ascii(out, character.front());
        } else if (character.size() == 2 && character >= "\xC2\x80" && character <= "\xC2\x9F") {
            append_unicode_escape(out, static_cast<unsigned char>(character.back()));
        } else if (character == "\u2028" || character == "\u2029") {
            append_unicode_escape(out, character == "\u2028" ? 0x2028 : 0x2029);
        } else {
            out += character;
        }
        text.remove_prefix(character.size());
    }
}

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    append_escaped(out, text);
    out += '"';
}

/// Bare if a reader can tell where it ends, quoted otherwise.
void append_text_value(std::string& out, std::string_view value) {
    std::string escaped;
    append_escaped(escaped, value);
    const bool bare = !value.empty() && escaped == value && value.find_first_of(" =") == value.npos;
    out += bare ? escaped : '"' + escaped + '"';
}

std::string text_line(std::string_view time, level severity, std::string_view message,
                      std::span<const field> fields) {
    std::string line(time);
    line += ' ';
    line += name_of(severity);
    line += ' ';
    append_escaped(line, message);
    for (const auto& f : fields) {
        line += ' ';
        append_escaped(line, f.key);
        line += '=';
        append_text_value(line, f.value);
    }
    return line;
}

std::string json_line(std::string_view time, level severity, std::string_view message,
                      std::span<const field> fields) {
    std::string line = "{\"time\":";
    append_quoted(line, time);
    line += ",\"level\":";
    append_quoted(line, name_of(severity));
    line += ",\"message\":";
    append_quoted(line, message);
    for (const auto& f : fields) {
        line += ',';
        append_quoted(line, f.key);
        line += ':';
        if (f.number) {
            line += f.value;
        } else {
            append_quoted(line, f.value);
        }
    }
    return line + '}';
}

}  // namespace

std::string format_line(format form, std::chrono::system_clock::time_point when, level severity,
                        std::string_view message, std::span<const field> fields) {
    const auto time = timestamp(when);
    return form == format::json ? json_line(time, severity, message, fields)
                                : text_line(time, severity, message, fields);
}

}  // namespace chat_gateway::log
