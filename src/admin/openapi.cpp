#include "openapi.hpp"

#include "openapi_text.hpp"

#include <nlohmann/json.hpp>

namespace chat_gateway::admin {

std::string openapi_document(std::string_view socketio_path) {
    auto document = nlohmann::ordered_json::parse(openapi_text);
    document["info"]["version"] = CHAT_GATEWAY_VERSION;
    document["x-websocket"]["path"] = socketio_path;
    return document.dump(2) + '\n';
}

}  // namespace chat_gateway::admin
