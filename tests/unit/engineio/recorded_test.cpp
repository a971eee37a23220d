// What engine.io-parser does, recorded by tests/data/engineio/generate.mjs. Nothing differs.
#include "support/recorded.hpp"

#include <chat_gateway/engineio/payload.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

namespace chat_gateway::engineio {
namespace {

using nlohmann::json;
using tests::from_hex;
using tests::recorded;
using tests::to_hex;

constexpr std::array<std::string_view, 7> names = {"open",    "close",   "ping", "pong",
                                                   "message", "upgrade", "noop"};

packet_type type_of(const json& packet) {
    const auto found = std::ranges::find(names, packet.at("type").get<std::string>());
    return static_cast<packet_type>(found - names.begin());
}

std::string text_of(const json& row) {
    return row.at("text").get<std::string>();
}

std::string bytes_of(const json& row) {
    return from_hex(row.at("hex").get<std::string>());
}

void append(std::string& body, const json& packet) {
    if (packet.contains("hex")) {
        append_binary(body, bytes_of(packet));
    } else {
        append_text(body, encode_packet(type_of(packet), text_of(packet)));
    }
}

/// As the recordings are written.
json printed(const packet& p) {
    json row{{"type", names.at(static_cast<std::size_t>(p.type))}};
    p.binary ? row["hex"] = to_hex(p.data) : row["text"] = p.data;
    return row;
}

TEST(EngineioRecorded, PacketsAreEncodedAsByNode) {
    for (const auto& row : recorded("engineio/packets.json")) {
        const auto& p = row.at("packet");
        std::string alone;
        append(alone, p);
        EXPECT_EQ(alone, text_of(row.at("polling"))) << row;
        if (p.contains("hex")) {
            EXPECT_EQ(p.at("hex"), row.at("websocket").at("hex")) << row;  // the bytes themselves
        } else {
            EXPECT_EQ(encode_packet(type_of(p), text_of(p)), text_of(row.at("websocket"))) << row;
        }
    }
}

TEST(EngineioRecorded, OpenPacketIsNodes) {
    const auto rows = recorded("engineio/packets.json");
    EXPECT_EQ(encode_open({.sid = "lv_VI97HAXpY6yYWAAAC", .offer_websocket = true}),
              text_of(rows.at(0).at("polling")));
}

TEST(EngineioRecorded, PayloadsAreEncodedAsByNode) {
    for (const auto& row : recorded("engineio/payloads.json")) {
        std::string body;
        for (const auto& p : row.at("packets"))
            append(body, p);
        EXPECT_EQ(body, text_of(row));
    }
}

TEST(EngineioRecorded, PayloadsAreDecodedAsByNode) {
    for (const auto& row : recorded("engineio/decoded.json")) {
        const auto body = text_of(row);
        const auto decoded = decode_payload(body);
        json packets = json::array();
        for (const auto& p : decoded.packets)
            packets.push_back(printed(p));
        EXPECT_EQ(packets, row.at("packets")) << row;
        EXPECT_EQ(decoded.malformed, row.at("error").get<bool>()) << row;
    }
}

}  // namespace
}  // namespace chat_gateway::engineio
