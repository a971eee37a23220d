#include "hex.hpp"

#include <chat_gateway/base/text.hpp>

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

namespace chat_gateway {
namespace {

constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr unsigned char no_digit = 0xff;
using digit_table = std::array<unsigned char, 256>;

constexpr void add_digits(digit_table& table, std::string_view alphabet) {
    for (unsigned char i = 0; i < 64; ++i)
        table[static_cast<unsigned char>(alphabet[i])] = i;
}

constexpr digit_table url_digits = [] {
    digit_table table{};
    table.fill(no_digit);
    add_digits(table, url_alphabet);
    return table;
}();

constexpr digit_table lenient_digits = [] {
    digit_table table = url_digits;
    add_digits(table, standard_alphabet);
    return table;
}();

constexpr std::uint32_t byte_at(std::string_view bytes, std::size_t i) {
    return static_cast<unsigned char>(bytes[i]);
}

/// Digits of `bytes` without padding: 2 for one byte left over, 3 for two.
char* write_digits(char* out, std::string_view bytes, std::string_view alphabet) {
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
        const auto group =
            byte_at(bytes, i) << 16 | byte_at(bytes, i + 1) << 8 | byte_at(bytes, i + 2);
        *out++ = alphabet[group >> 18];
        *out++ = alphabet[group >> 12 & 63];
        *out++ = alphabet[group >> 6 & 63];
        *out++ = alphabet[group & 63];
    }
    const auto left = bytes.size() - i;
    if (left == 0) return out;
    const auto group = byte_at(bytes, i) << 16 | (left == 2 ? byte_at(bytes, i + 1) << 8 : 0);
    *out++ = alphabet[group >> 18];
    *out++ = alphabet[group >> 12 & 63];
    if (left == 2) *out++ = alphabet[group >> 6 & 63];
    return out;
}

/// Collects six bits at a time and gives out whole bytes.
class digit_reader {
public:
    explicit digit_reader(std::size_t digits) { out_.reserve(digits / 4 * 3 + 2); }

    void add(unsigned char digit) {
        bits_ = bits_ << 6 | digit;
        count_ += 6;
        if (count_ < 8) return;
        count_ -= 8;
        out_.push_back(static_cast<char>(bits_ >> count_ & 0xff));
    }
    /// Nothing is left but the zero bits that fill the last digit.
    [[nodiscard]] bool ended_well() const {
        return count_ < 6 && (bits_ & ((1U << count_) - 1)) == 0;
    }
    std::string take() { return std::move(out_); }

private:
    std::string out_;
    std::uint32_t bits_ = 0;
    unsigned count_ = 0;
};

constexpr char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// What may follow the first byte of a character of more than one byte. Only the second byte's
/// range depends on the first: that is where overlong forms, surrogates and too large code points
/// show.
struct lead {
    std::size_t length = 0;  ///< of the character; 0 = no character begins so
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
};

lead lead_of(unsigned char first) {
    if (first >= 0xc2 && first <= 0xdf) return {2};
    if (first == 0xe0) return {3, 0xa0};
    if (first == 0xed) return {3, 0x80, 0x9f};
    if (first >= 0xe1 && first <= 0xef) return {3};
    if (first == 0xf0) return {4, 0x90};
    if (first >= 0xf1 && first <= 0xf3) return {4};
    if (first == 0xf4) return {4, 0x80, 0x8f};
    return {};
}

/// Where the first byte that is not ASCII lies, from `i` on.
std::size_t skip_ascii(std::string_view bytes, std::size_t i) {
    constexpr std::uint64_t high_bits = 0x8080808080808080U;
    for (; i + 8 <= bytes.size(); i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + i, 8);
        if (word & high_bits) break;
    }
    while (i < bytes.size() && static_cast<unsigned char>(bytes[i]) < 0x80)
        ++i;
    return i;
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
    std::string out;
    base64_append(out, bytes);
    return out;
}

void base64_append(std::string& out, std::string_view bytes) {
    const auto start = out.size();
    out.resize(start + (bytes.size() + 2) / 3 * 4, '=');
    write_digits(out.data() + start, bytes, standard_alphabet);
}

std::string base64_decode_lenient(std::string_view text) {
    digit_reader reader(text.size());
    for (const char c : text) {
        if (c == '=') break;
        const auto digit = lenient_digits[static_cast<unsigned char>(c)];
        if (digit != no_digit) reader.add(digit);
    }
    return reader.take();
}

std::string base64url_encode(std::string_view bytes) {
    std::string out((bytes.size() * 4 + 2) / 3, '\0');
    write_digits(out.data(), bytes, url_alphabet);
    return out;
}

std::optional<std::string> base64url_decode(std::string_view text) {
    digit_reader reader(text.size());
    for (const char c : text) {
        const auto digit = url_digits[static_cast<unsigned char>(c)];
        if (digit == no_digit) return std::nullopt;
        reader.add(digit);
    }
    if (!reader.ended_well()) return std::nullopt;
    return reader.take();
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i]);
            continue;
        }
        if (text.size() - i < 3) return std::nullopt;
        const int high = hex_value(text[i + 1]);
        const int low = hex_value(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out.push_back(static_cast<char>(high << 4 | low));
        i += 2;
    }
    if (!is_valid_utf8(out)) return std::nullopt;
    return out;
}

bool is_valid_utf8(std::string_view bytes) {
    return utf8_prefix(bytes) == bytes.size();
}

std::optional<std::size_t> utf8_prefix(std::string_view bytes) {
    for (std::size_t i = skip_ascii(bytes, 0); i < bytes.size();) {
        const auto expected = lead_of(static_cast<unsigned char>(bytes[i]));
        if (expected.length == 0) return std::nullopt;
        const auto present = std::min(expected.length, bytes.size() - i);
        for (std::size_t k = 1; k < present; ++k) {
            const auto byte = static_cast<unsigned char>(bytes[i + k]);
            if (byte < (k == 1 ? expected.low : 0x80) || byte > (k == 1 ? expected.high : 0xbf)) {
                return std::nullopt;
            }
        }
        if (present < expected.length) return i;
        i += present;
        if (i < bytes.size() && static_cast<unsigned char>(bytes[i]) < 0x80)
            i = skip_ascii(bytes, i);
    }
    return bytes.size();
}

bool constant_time_equal(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool iequals(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower(x) == to_lower(y); });
}

}  // namespace chat_gateway
