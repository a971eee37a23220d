#include <chat_gateway/base/json_escape.hpp>
#include <chat_gateway/base/query.hpp>
#include <chat_gateway/engineio/jsonp.hpp>

namespace chat_gateway::engineio {
namespace {

/// Line ends in JavaScript before ES2019, though not in JSON.
constexpr std::string_view line_separator = "\xe2\x80\xa8";
constexpr std::string_view paragraph_separator = "\xe2\x80\xa9";

bool needs_escape(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
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
            continue;
        }
        if (needs_escape(payload.front())) {
            append_json_escape(out, payload.front());
        } else {
            out += payload.front();
        }
        payload.remove_prefix(1);
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
