#pragma once

#include "vectors.hpp"

#include <chat_gateway/socketio/cluster/node_message.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace chat_gateway::socketio::cluster {

inline request_kind request_kind_of(const std::string& name) {
    if (name == "join") return request_kind::join;
    if (name == "leave") return request_kind::leave;
    if (name == "disconnect") return request_kind::disconnect;
    if (name == "fetch_sockets") return request_kind::fetch_sockets;
    if (name == "server_side_emit") return request_kind::server_side_emit;
    if (name == "broadcast") return request_kind::broadcast;
    throw std::invalid_argument(name);
}

inline response_kind response_kind_of(const std::string& name) {
    if (name == "fetched") return response_kind::fetched;
    if (name == "server_side") return response_kind::server_side;
    if (name == "client_count") return response_kind::client_count;
    if (name == "client_ack") return response_kind::client_ack;
    throw std::invalid_argument(name);
}

inline std::vector<std::string> attachments_in(const nlohmann::json& expected) {
    return expected.contains("attachments") ? attachments_of(expected) : std::vector<std::string>{};
}

inline selection selection_of(const nlohmann::json& expected) {
    if (!expected.contains("to")) return {};
    return {.rooms = expected["to"]["rooms"], .except = expected["to"]["except"]};
}

inline request request_of(const nlohmann::json& e) {
    request r{.kind = request_kind_of(e["request"]), .nsp = e["nsp"], .from = e["from"]};
    r.id = e["id"];
    r.to = selection_of(e);
    r.rooms = e.value("rooms", std::vector<std::string>{});
    r.close = e.value("close", false);
    r.data = e.value("data", "");
    r.packet = e.value("packet", "");
    r.attachments = attachments_in(e);
    r.volatile_ = e.value("volatile", false);
    if (e.contains("timeout") && !e["timeout"].is_null())
        r.timeout = std::chrono::milliseconds(e["timeout"].get<int>());
    return r;
}

inline response response_of(const nlohmann::json& e) {
    response r{.kind = response_kind_of(e["response"]), .nsp = e["nsp"], .from = e["from"]};
    r.id = e["id"];
    r.count = e.value("count", 0U);
    r.data = e.value("data", "");
    r.attachments = attachments_in(e);
    for (const auto& s : e.value("fetched", nlohmann::json::array()))
        r.fetched.push_back(
            {.id = s["id"], .handshake = s["handshake"], .rooms = s["rooms"], .data = s["data"]});
    return r;
}

/// What the libraries have read in a row of tests/data/cluster.
inline node_message expected_of(const nlohmann::json& row) {
    const auto& e = row.at("expected");
    node_message n{.uid = e["from"]};
    if (e.contains("message")) {
        auto to = selection_of(e);
        n.what = message{.nsp = e["nsp"],
                         .packet = e["packet"],
                         .attachments = attachments_in(e),
                         .rooms = std::move(to.rooms),
                         .except = std::move(to.except),
                         .volatile_ = e["volatile"]};
    } else if (e.contains("request")) {
        n.what = request_of(e);
    } else {
        n.what = response_of(e);
    }
    return n;
}

/// Node wrote something into the row that is not kept: a flag, or a date beside binary.
inline bool loses_something(const nlohmann::json& row) {
    const auto name = row.at("name").get<std::string>();
    return name.starts_with("compress") || name.starts_with("a date with binary");
}

}  // namespace chat_gateway::socketio::cluster
