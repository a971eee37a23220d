#pragma once

#include <nlohmann/json.hpp>

#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace chat_gateway::tests {

/// A file of tests/data (`msgpack/values.json`); the generate.mjs beside it says what is in it.
inline nlohmann::json recorded(const std::string& file) {
    std::ifstream in(CHAT_GATEWAY_TEST_DATA "/" + file);
    auto rows = nlohmann::json::parse(in);
    if (rows.empty()) throw std::runtime_error("nothing recorded in " + file);
    return rows;
}

inline std::string from_hex(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    }
    return bytes;
}

inline std::string to_hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const char c : bytes) {
        hex += digits[static_cast<unsigned char>(c) >> 4];
        hex += digits[static_cast<unsigned char>(c) & 0xf];
    }
    return hex;
}

}  // namespace chat_gateway::tests
