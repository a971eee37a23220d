#include "openapi.hpp"

#include <chat_gateway/admin/admin_routes.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace chat_gateway::admin {
namespace {

using nlohmann::json;
using ::testing::MatchesRegex;
using ::testing::UnorderedElementsAreArray;

json document(std::string_view path = "/ws") {
    return json::parse(openapi_document(path));
}

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    });
    return text;
}

TEST(OpenApi, HasEveryRouteAndNoOther) {
    std::vector<std::string> served;
    for (const auto& e : admin_routes::endpoints())
        served.push_back(std::string(e.method) + ' ' + std::string(e.path));
    std::vector<std::string> described;
    const json paths = document()["paths"];
    for (const auto& [path, item] : paths.items()) {
        for (const auto& [name, operation] : item.items()) {
            if (name != "parameters") described.push_back(upper(name) + ' ' + path);
        }
    }
    EXPECT_THAT(described, UnorderedElementsAreArray(served));
}

TEST(OpenApi, WantsATokenBelowV1Only) {
    const json paths = document()["paths"];
    for (const auto& [path, item] : paths.items()) {
        for (const auto& [name, operation] : item.items()) {
            if (name == "parameters") continue;
            const bool guarded = path.starts_with("/v1/");
            EXPECT_EQ(operation.contains("security"), guarded) << path;
            EXPECT_EQ(operation["responses"].contains("401"), guarded) << path;
            EXPECT_EQ(operation["responses"].contains("403"), name != "get") << path;
        }
    }
}

TEST(OpenApi, SaysWhoServesItAndWhereItsClientsConnect) {
    const json served = document("/chat");
    EXPECT_THAT(served["info"]["version"].get<std::string>(),
                MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
    EXPECT_EQ(served["x-websocket"]["path"], "/chat");
}

// What the back end's own document has for the part that this gateway has taken over.
TEST(OpenApi, DescribesTheSocketsAsTheBackEndDid) {
    EXPECT_EQ(document()["x-websocket"], json::parse(R"({
        "path": "/ws", "protocol": "socket.io", "authentication": "session",
        "events": [
            {"name": "clientJoinRoom", "direction": "client-to-server"},
            {"name": "clientLeaveRoom", "direction": "client-to-server"},
            {"name": "serverMessage", "direction": "server-to-client"}]})"));
    EXPECT_EQ(document()["webhooks"], json::parse(R"({"serverMessage": {"post": {
        "summary": "New message in chat room",
        "description": "Emitted when a new message is sent in a chat room the user has joined",
        "requestBody": {"content": {"application/json": {"schema": {
            "type": "object",
            "properties": {
                "chat_id": {"type": "string"},
                "message_id": {"type": "string"},
                "author": {"type": "string", "nullable": true},
                "content": {"type": "string"},
                "timestamp": {"type": "number"},
                "type": {"type": "string"}}}}}}}}})"));
}

}  // namespace
}  // namespace chat_gateway::admin
