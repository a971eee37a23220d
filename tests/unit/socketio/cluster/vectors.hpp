#pragma once

#include "support/recorded.hpp"

#include <string>
#include <vector>

namespace chat_gateway::socketio::cluster {

using tests::from_hex;
using tests::to_hex;

/// A file of tests/data/msgpack.
inline nlohmann::json recorded(const std::string& file) {
    return tests::recorded("msgpack/" + file);
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
