#include <chat_gateway/engineio/packet.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace chat_gateway::engineio {
namespace {

TEST(EngineioPacket, EachDigitIsItsType) {
    EXPECT_EQ(decode_packet("0{}"), (packet{packet_type::open, "{}"}));
    EXPECT_EQ(decode_packet("1"), (packet{packet_type::close, ""}));
    EXPECT_EQ(decode_packet("2probe"), (packet{packet_type::ping, "probe"}));
    EXPECT_EQ(decode_packet("3probe"), (packet{packet_type::pong, "probe"}));
    EXPECT_EQ(decode_packet("42[\"a\"]"), (packet{packet_type::message, "2[\"a\"]"}));
    EXPECT_EQ(decode_packet("5"), (packet{packet_type::upgrade, ""}));
    EXPECT_EQ(decode_packet("6"), (packet{packet_type::noop, ""}));
}

TEST(EngineioPacket, AnythingElseIsNone) {
    for (const auto* text : {"", "7", "9", "/", "b", "bAQID", " 4", "x4", "\xff"}) {
        EXPECT_EQ(decode_packet(text), std::nullopt) << text;
    }
}

TEST(EngineioPacket, EncodesDigitAndData) {
    EXPECT_EQ(encode_packet(packet_type::ping), "2");
    EXPECT_EQ(encode_packet(packet_type::pong, "probe"), "3probe");
    EXPECT_EQ(encode_packet(packet_type::noop), "6");
}

TEST(EngineioPacket, OpenHasNodesKeyOrder) {
    EXPECT_EQ(
        encode_open({.sid = "sgNwKtxOm65QSjXtAAAA", .offer_websocket = true}),
        R"(0{"sid":"sgNwKtxOm65QSjXtAAAA","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})");
    EXPECT_EQ(
        encode_open({.sid = "x",
                     .offer_websocket = false,
                     .ping_interval_ms = 300,
                     .ping_timeout_ms = 200,
                     .max_payload = 4294967295}),
        R"(0{"sid":"x","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":4294967295})");
}

RC_GTEST_PROP(EngineioPacket, DecodesWhatItEncodes, (const std::string& data)) {
    const auto type = static_cast<packet_type>(*rc::gen::inRange(0, 7));
    const auto text = encode_packet(type, data);
    RC_ASSERT(decode_packet(text) == (packet{type, data}));
}

}  // namespace
}  // namespace chat_gateway::engineio
