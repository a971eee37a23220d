#include "hex.hpp"

#include <chat_gateway/base/query.hpp>

namespace chat_gateway {
namespace {

std::string decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && text.size() - i >= 3) {
            const int high = hex_value(text[i + 1]);
            const int low = hex_value(text[i + 2]);
            if (high >= 0 && low >= 0) {
                out.push_back(static_cast<char>(high << 4 | low));
                i += 2;
                continue;
            }
        }
        out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
    return out;
}

/// The text before the first `separator`, which goes from `rest` with it.
std::string_view split_off(std::string_view& rest, char separator) {
    const auto end = rest.find(separator);
    const auto front = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    return front;
}

}  // namespace

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        auto pair = split_off(query, '&');
        if (pair.empty()) continue;
        const auto key = split_off(pair, '=');
        if (decode(key) == name) return decode(pair);
    }
    return std::nullopt;
}

}  // namespace chat_gateway
