#pragma once

#include <algorithm>
#include <string_view>

namespace chat_gateway::http {

/// RFC 9110 section 5.6.2.
constexpr bool is_token_char(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Visible ASCII, spaces and tabs, and bytes above ASCII: no control characters.
constexpr bool is_field_char(char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != '\x7f');
}

constexpr bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

constexpr bool is_field_value(std::string_view text) {
    return std::all_of(text.begin(), text.end(), is_field_char);
}

}  // namespace chat_gateway::http
