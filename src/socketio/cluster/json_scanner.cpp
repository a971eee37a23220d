#include "cluster/json_scanner.hpp"

#include "cluster/js_string.hpp"

#include <bitset>
#include <charconv>
#include <cstdint>

namespace chat_gateway::socketio::cluster {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// The number in the four hexadecimal digits of an escape.
std::uint32_t unit_of(std::string_view digits) {
    std::uint32_t unit = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
    return unit;
}

void append_utf8(std::string& out, std::uint32_t c) {
    const auto byte = [&out](std::uint32_t v) { out += static_cast<char>(v); };
    if (c < 0x80) {
        byte(c);
    } else if (c < 0x800) {
        byte(0xc0 | c >> 6);
        byte(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        byte(0xe0 | c >> 12);
        byte(0x80 | (c >> 6 & 0x3f));
        byte(0x80 | (c & 0x3f));
    } else {
        byte(0xf0 | c >> 18);
        byte(0x80 | (c >> 12 & 0x3f));
        byte(0x80 | (c >> 6 & 0x3f));
        byte(0x80 | (c & 0x3f));
    }
}

/// `text` begins behind a `\u`; removes the digits, and those of the partner if this is half of a
/// character.
std::uint32_t take_unicode_escape(std::string_view& text) {
    constexpr std::uint32_t replacement = 0xfffd;
    const auto unit = unit_of(text.substr(0, 4));
    text.remove_prefix(4);
    if (unit < 0xd800 || unit >= 0xe000) return unit;
    if (unit >= 0xdc00 || !text.starts_with("\\u")) return replacement;
    const auto low = unit_of(text.substr(2, 4));
    if (low < 0xdc00 || low >= 0xe000) return replacement;
    text.remove_prefix(6);
    return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
}

char unescaped(char c) {
    switch (c) {
        case 'b':
            return '\b';
        case 'f':
            return '\f';
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        default:
            return c;
    }
}

std::string unescape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto plain = text.substr(0, text.find('\\'));
        out += plain;
        text.remove_prefix(plain.size());
        if (text.empty()) break;
        const char kind = text[1];
        text.remove_prefix(2);
        if (kind == 'u') {
            append_utf8(out, take_unicode_escape(text));
        } else {
            out += unescaped(kind);
        }
    }
    return out;
}

}  // namespace

void json_scanner::space() {
    while (at_ < text_.size()) {
        const char c = text_[at_];
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') break;
        ++at_;
    }
}

bool json_scanner::value(std::string_view& raw) {
    space();
    const auto begin = at_;
    std::bitset<max_depth> objects;  // of the open containers
    std::size_t depth = 0;
    std::string_view key;
    std::string decoded;
    for (;;) {
        const bool object = at('{');
        if (object || at('[')) {
            if (depth == max_depth) return false;
            ++at_;
            if (!take(object ? '}' : ']')) {
                if (object && !name(key, decoded)) return false;
                objects[depth++] = object;
                continue;
            }
        } else if (!scalar()) {
            return false;
        }
        // A value has ended, and so may what it is in.
        while (depth > 0 && take(objects[depth - 1] ? '}' : ']')) {
            --depth;
        }
        if (depth == 0) break;
        if (!take(',') || (objects[depth - 1] && !name(key, decoded))) return false;
    }
    raw = since(begin);
    return true;
}

bool json_scanner::name(std::string_view& key, std::string& decoded) {
    space();
    const auto begin = at_;
    if (!string()) return false;
    const auto literal = since(begin);
    key = literal.substr(1, literal.size() - 2);
    if (key.find('\\') != std::string_view::npos) {
        decoded = string_of(literal);
        key = decoded;
    }
    return take(':');
}

bool json_scanner::string() {
    if (at_ == text_.size() || text_[at_] != '"') return false;
    ++at_;
    for (;;) {
        at_ += plain_prefix(text_.substr(at_));
        if (at_ == text_.size()) return false;
        const auto c = static_cast<unsigned char>(text_[at_]);
        if (c == '"') break;
        if (c == '\\') {
            if (!escape()) return false;
        } else if (c < 0x80) {
            return false;  // a control
        } else {
            const auto character = next_sequence(text_.substr(at_));
            if (!character.whole) return false;
            at_ += character.size;
        }
    }
    ++at_;
    return true;
}

bool json_scanner::escape() {
    constexpr std::string_view kinds = "\"\\/bfnrt";
    const auto rest = text_.substr(at_ + 1);
    if (rest.empty()) return false;
    if (rest.front() != 'u') {
        at_ += 2;
        return kinds.find(rest.front()) != std::string_view::npos;
    }
    if (rest.size() < 5) return false;
    for (const char c : rest.substr(1, 4)) {
        if (!is_hex(c)) return false;
    }
    at_ += 6;
    return true;
}

bool json_scanner::digits() {
    const auto begin = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) {
        ++at_;
    }
    return at_ > begin;
}

bool json_scanner::number() {
    const auto next_is = [this](char c) { return at_ < text_.size() && text_[at_] == c; };
    if (next_is('-')) ++at_;
    if (next_is('0')) {
        ++at_;
    } else if (!digits()) {
        return false;
    }
    if (next_is('.')) {
        ++at_;
        if (!digits()) return false;
    }
    if (next_is('e') || next_is('E')) {
        ++at_;
        if (next_is('+') || next_is('-')) ++at_;
        if (!digits()) return false;
    }
    return true;
}

bool json_scanner::word(std::string_view expected) {
    if (!text_.substr(at_).starts_with(expected)) return false;
    at_ += expected.size();
    return true;
}

bool json_scanner::scalar() {
    if (at_ == text_.size()) return false;
    switch (text_[at_]) {
        case '"':
            return string();
        case 't':
            return word("true");
        case 'f':
            return word("false");
        case 'n':
            return word("null");
        default:
            return number();
    }
}

bool is_json(std::string_view text) {
    json_scanner in(text);
    return in.skip() && in.end();
}

std::string string_of(std::string_view literal) {
    const auto text = literal.substr(1, literal.size() - 2);
    return text.find('\\') == std::string_view::npos ? std::string(text) : unescape(text);
}

}  // namespace chat_gateway::socketio::cluster
