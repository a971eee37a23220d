#pragma once

#include <nlohmann/json.hpp>

#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::socketio::cluster {

/// A file of tests/data/msgpack; generate.mjs there says what is in it.
inline nlohmann::json recorded(const std::string& file) {
    std::ifstream in(CHAT_GATEWAY_TEST_DATA "/msgpack/" + file);
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

/// A row's attachments, which are written in hex.
inline std::vector<std::string> attachments_of(const nlohmann::json& row) {
    std::vector<std::string> list;
    for (const auto& hex : row.at("attachments")) {
        list.push_back(from_hex(hex.get<std::string>()));
    }
    return list;
}

}  // namespace chat_gateway::socketio::cluster
