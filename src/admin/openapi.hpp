#pragma once

#include <string>
#include <string_view>

namespace chat_gateway::admin {

/// What GET /openapi.json says: src/admin/openapi.json, with this program's version, and
/// `socketio_path` where clients find its Socket.IO side (`server.path`).
[[nodiscard]] std::string openapi_document(std::string_view socketio_path);

}  // namespace chat_gateway::admin
