#include "js_number.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace chat_gateway::chat {
namespace {

struct decimal {
    std::string digits;  ///< no leading or trailing zeros
    int point = 0;       ///< the value is 0.digits * 10^point
};

decimal shortest_digits(double value) {
    std::array<char, 32> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                   std::chars_format::scientific)
                         .ptr;
    const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    const auto e = text.find('e');
    decimal d{std::string(1, text.front()), 0};
    if (e > 2) d.digits += text.substr(2, e - 2);
    const auto* exponent = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
    std::from_chars(exponent, end, d.point);
    ++d.point;
    return d;
}

std::string with_exponent(const decimal& d) {
    auto text = d.digits.substr(0, 1);
    if (d.digits.size() > 1) text += "." + d.digits.substr(1);
    const auto exponent = d.point - 1;
    return text + (exponent < 0 ? "e-" : "e+") + std::to_string(std::abs(exponent));
}

}  // namespace

std::string js_number(double value) {
    if (value == 0) return "0";
    if (value < 0) return "-" + js_number(-value);
    auto d = shortest_digits(value);
    const auto size = static_cast<int>(d.digits.size());
    if (d.point > 21 || d.point < -5) return with_exponent(d);
    if (d.point <= 0) return "0." + std::string(static_cast<std::size_t>(-d.point), '0') + d.digits;
    if (size <= d.point)
        return d.digits + std::string(static_cast<std::size_t>(d.point - size), '0');
    return d.digits.insert(static_cast<std::size_t>(d.point), ".");
}

}  // namespace chat_gateway::chat
