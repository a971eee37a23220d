#pragma once

#include <chat_gateway/http/message.hpp>

#include <nlohmann/json.hpp>

#include <string_view>

namespace chat_gateway::admin {

using nlohmann::json;

inline http::response json_answer(unsigned status, const json& body) {
    http::response r;
    r.status = status;
    r.set("Content-Type", "application/json").set("Cache-Control", "no-store");
    // What a client sent may be quoted in an error: bytes that are no UTF-8 must not throw.
    r.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
    return r;
}

inline http::response failure(unsigned status, std::string_view what) {
    return json_answer(status, {{"error", what}});
}

}  // namespace chat_gateway::admin
