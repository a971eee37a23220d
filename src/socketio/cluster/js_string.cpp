#include "cluster/js_string.hpp"

#include <chat_gateway/base/json_escape.hpp>
#include <chat_gateway/socketio/cluster/msgpack_json.hpp>

#include <cstdint>
#include <cstring>

namespace chat_gateway::socketio::cluster {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

/// What may follow the first byte of a multi-byte character: how many bytes, and in which range the
/// first of them.
struct lead_rule {
    std::size_t size;
    unsigned char low, high;
};

lead_rule rule_of(unsigned char lead) {
    if (lead >= 0xc2 && lead <= 0xdf) return {2, 0x80, 0xbf};
    if (lead == 0xe0) return {3, 0xa0, 0xbf};
    if (lead == 0xed) return {3, 0x80, 0x9f};  // above that are the surrogates
    if (lead >= 0xe1 && lead <= 0xef) return {3, 0x80, 0xbf};
    if (lead == 0xf0) return {4, 0x90, 0xbf};
    if (lead >= 0xf1 && lead <= 0xf3) return {4, 0x80, 0xbf};
    if (lead == 0xf4) return {4, 0x80, 0x8f};
    return {1, 0, 0};
}

bool needs_care(unsigned char c) {
    return c < 0x20 || c == '"' || c == '\\' || c >= 0x80;
}

}  // namespace

sequence next_sequence(std::string_view text) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto rule = rule_of(at(0));
    std::size_t size = 1;
    while (size < rule.size && size < text.size()) {
        const unsigned char low = size == 1 ? rule.low : 0x80;
        const unsigned char high = size == 1 ? rule.high : 0xbf;
        if (at(size) < low || at(size) > high) break;
        ++size;
    }
    return {size, rule.size != 1 && size == rule.size};
}

/// Eight at a time: this is where a chat message's decoding spends its time.
std::size_t plain_prefix(std::string_view text) {
    constexpr std::uint64_t ones = 0x0101010101010101U;
    constexpr std::uint64_t tops = 0x8080808080808080U;
    const auto zero_byte = [](std::uint64_t v) { return (v - ones) & ~v; };
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {
        std::uint64_t v = 0;
        std::memcpy(&v, text.data() + i, 8);
        const std::uint64_t special =
            v | (v - ones * 0x20) | zero_byte(v ^ (ones * '"')) | zero_byte(v ^ (ones * '\\'));
        if ((special & tops) != 0) break;
    }
    while (i < text.size() && !needs_care(static_cast<unsigned char>(text[i]))) {
        ++i;
    }
    return i;
}

void append_js_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const std::size_t plain = plain_prefix(text);
        out += text.substr(0, plain);
        text.remove_prefix(plain);
        if (text.empty()) break;
        if (static_cast<unsigned char>(text.front()) < 0x80) {
            append_json_escape(out, text.front());
            text.remove_prefix(1);
        } else {
            const sequence s = next_sequence(text);
            out += s.whole ? text.substr(0, s.size) : replacement;
            text.remove_prefix(s.size);
        }
    }
    out += '"';
}

}  // namespace chat_gateway::socketio::cluster
