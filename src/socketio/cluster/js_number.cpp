#include <chat_gateway/socketio/cluster/msgpack_json.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace chat_gateway::socketio::cluster {
namespace {

/// A positive number as 0.d1d2d3... * 10^point, with the fewest digits that read back as the same
/// double.
struct decimal {
    std::array<char, 17> digits;
    std::size_t count = 0;
    int point = 0;
};

decimal shortest(double value) {
    std::array<char, 32> text;
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific)
            .ptr;
    decimal d;
    const char* at = text.data();
    for (; *at != 'e'; ++at) {
        if (*at != '.') d.digits[d.count++] = *at;
    }
    const bool negative = at[1] == '-';
    std::from_chars(at + 2, end, d.point);
    d.point = (negative ? -d.point : d.point) + 1;
    return d;
}

void append_exponential(std::string& out, std::string_view digits, int exponent) {
    out += digits.front();
    if (digits.size() > 1) {
        out += '.';
        out += digits.substr(1);
    }
    out += exponent < 0 ? "e-" : "e+";
    out += std::to_string(std::abs(exponent));
}

/// Number::toString of ECMAScript: plain notation from 1e-7 up to 1e21, both excluded.
void append_laid_out(std::string& out, const decimal& d) {
    const std::string_view digits(d.digits.data(), d.count);
    const int count = static_cast<int>(d.count);
    if (d.point > 21 || d.point <= -6) {
        append_exponential(out, digits, d.point - 1);
    } else if (d.point >= count) {
        out += digits;
        out.append(static_cast<std::size_t>(d.point - count), '0');
    } else if (d.point > 0) {
        const auto whole = static_cast<std::size_t>(d.point);
        out += digits.substr(0, whole);
        out += '.';
        out += digits.substr(whole);
    } else {
        out += "0.";
        out.append(static_cast<std::size_t>(-d.point), '0');
        out += digits;
    }
}

}  // namespace

void append_js_number(std::string& out, double value) {
    if (!std::isfinite(value)) {
        out += "null";
        return;
    }
    if (std::abs(value) <= 0x1p53 && std::trunc(value) == value) {
        std::array<char, 24> text;
        const auto end =
            std::to_chars(text.data(), text.data() + text.size(), static_cast<std::int64_t>(value))
                .ptr;
        out.append(text.data(), end);
        return;
    }
    if (value < 0) out += '-';
    append_laid_out(out, shortest(std::abs(value)));
}

}  // namespace chat_gateway::socketio::cluster
