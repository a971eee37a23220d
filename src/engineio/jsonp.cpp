#include <chat_gateway/base/query.hpp>
#include <chat_gateway/engineio/jsonp.hpp>

namespace chat_gateway::engineio {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
/// Line ends in JavaScript before ES2019, though not in JSON.
constexpr std::string_view line_separator = "\xe2\x80\xa8";
constexpr std::string_view paragraph_separator = "\xe2\x80\xa9";

/// As JSON.stringify writes it.
void append_ascii(std::string& out, char c) {
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\b':
            out += "\\b";
            return;
        case '\f':
            out += "\\f";
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
    if (static_cast<unsigned char>(c) >= 0x20) {
        out += c;
        return;
    }
    out += "\\u00";
    out += hex_digits[static_cast<unsigned char>(c) >> 4];
    out += hex_digits[static_cast<unsigned char>(c) & 0xf];
}

}  // namespace

std::string encode_jsonp(std::string_view index, std::string_view payload) {
    std::string out = "___eio[";
    out.append(index).append("](\"");
    out.reserve(out.size() + payload.size() + payload.size() / 8 + 3);
    while (!payload.empty()) {
        if (payload.starts_with(line_separator) || payload.starts_with(paragraph_separator)) {
            out += payload.starts_with(line_separator) ? "\\u2028" : "\\u2029";
            payload.remove_prefix(line_separator.size());
        } else {
            append_ascii(out, payload.front());
            payload.remove_prefix(1);
        }
    }
    return out += "\");";
}

std::optional<std::string> decode_jsonp(std::string_view form) {
    const auto escaped = query_value(form, "d");
    if (!escaped) return std::nullopt;
    std::string payload;
    payload.reserve(escaped->size());
    for (std::string_view rest = *escaped; !rest.empty();) {
        if (rest.starts_with("\\\\n")) {
            payload += "\\n";
            rest.remove_prefix(3);
        } else if (rest.starts_with("\\n")) {
            payload += '\n';
            rest.remove_prefix(2);
        } else {
            payload += rest.front();
            rest.remove_prefix(1);
        }
    }
    return payload;
}

}  // namespace chat_gateway::engineio
