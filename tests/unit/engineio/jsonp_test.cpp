#include <chat_gateway/engineio/jsonp.hpp>
#include <chat_gateway/engineio/request.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <string>

namespace chat_gateway::engineio {
namespace {

nlohmann::json recorded(const std::string& name) {
    std::ifstream file(std::string(CHAT_GATEWAY_TEST_DATA "/jsonp/") + name);
    return nlohmann::json::parse(file);
}

std::string from_hex(const nlohmann::json& hex) {
    const auto text = hex.get<std::string>();
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); i += 2)
        bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
    return bytes;
}

TEST(Jsonp, BodiesAreThoseOfEngineIo) {
    const auto rows = recorded("bodies.json");
    ASSERT_FALSE(rows.empty());
    for (const auto& row : rows) {
        const std::string query = "EIO=4&transport=polling&j=" + row.at("j").get<std::string>();
        const auto parsed = parse_request({.method = "GET", .query = query});
        const auto& jsonp = std::get<engine_request>(parsed).jsonp;
        ASSERT_TRUE(jsonp) << row;
        EXPECT_EQ(encode_jsonp(*jsonp, from_hex(row.at("payload"))), from_hex(row.at("body")))
            << row;
    }
}

TEST(Jsonp, FormsAreReadAsEngineIoReadsThem) {
    const auto rows = recorded("forms.json");
    ASSERT_FALSE(rows.empty());
    for (const auto& row : rows) {
        const auto payload = decode_jsonp(from_hex(row.at("form")));
        ASSERT_EQ(payload.has_value(), !row.at("payload").is_null()) << row;
        if (payload) {
            EXPECT_EQ(*payload, from_hex(row.at("payload"))) << row;
        }
    }
}

}  // namespace
}  // namespace chat_gateway::engineio
