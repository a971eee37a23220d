#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/log.hpp>
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

/// With `scope=cluster`: whose answers are in it. `who`: `{asked, answered}`.
template <class Nodes>
http::response cluster_answer(const Nodes& who, json body) {
    body["scope"] = "cluster";
    body["nodes"] = {{"asked", who.asked}, {"answered", who.answered}};
    return json_answer(200, body);
}

inline http::response cannot_ask(boost::system::error_code why) {
    log::warn("cannot ask the cluster", {{"error", why.message()}});
    return failure(503, "the bus is unavailable").set("Retry-After", "5");
}

}  // namespace chat_gateway::admin
