#include <chat_gateway/websocket/frame_encoder.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace {

using namespace chat_gateway::websocket;
using namespace std::string_literals;

std::string header(opcode op, std::size_t payload_size) {
    std::array<char, max_header_size> out{};
    return {out.data(), encode_header(out, op, payload_size)};
}

TEST(FrameEncoder, LengthsTakeTheirShortestForm) {
    EXPECT_EQ(header(opcode::text, 0), "\x81\x00"s);
    EXPECT_EQ(header(opcode::text, 125), "\x81\x7d"s);
    EXPECT_EQ(header(opcode::text, 126), "\x81\x7e\x00\x7e"s);
    EXPECT_EQ(header(opcode::text, 0xffff), "\x81\x7e\xff\xff"s);
    EXPECT_EQ(header(opcode::text, 0x10000), "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s);
    EXPECT_EQ(header(opcode::text, 0x0102030405060708),
              "\x81\x7f\x01\x02\x03\x04\x05\x06\x07\x08"s);
}

TEST(FrameEncoder, EveryOpcodeIsAWholeFrame) {
    EXPECT_EQ(header(opcode::binary, 1), "\x82\x01"s);
    EXPECT_EQ(header(opcode::close, 2), "\x88\x02"s);
    EXPECT_EQ(header(opcode::ping, 3), "\x89\x03"s);
    EXPECT_EQ(header(opcode::pong, 4), "\x8a\x04"s);
}

TEST(FrameEncoder, FrameIsHeaderAndPayload) {
    EXPECT_EQ(encode_frame(opcode::text, "Hello"), "\x81\x05Hello"s);
    EXPECT_EQ(encode_frame(opcode::pong, ""), "\x8a\x00"s);
    const std::string large(300, 'x');
    EXPECT_EQ(encode_frame(opcode::binary, large), "\x82\x7e\x01\x2c"s + large);
}

TEST(FrameEncoder, CloseCarriesItsCode) {
    EXPECT_EQ(encode_close(close_code::none), "\x88\x00"s);
    EXPECT_EQ(encode_close(close_code::normal), "\x88\x02\x03\xe8"s);
    EXPECT_EQ(encode_close(close_code::too_big), "\x88\x02\x03\xf1"s);
    EXPECT_EQ(encode_close(static_cast<close_code>(4999)), "\x88\x02\x13\x87"s);
}

TEST(FrameEncoder, ADeflatedPayloadHasRsv1) {
    std::array<char, max_header_size> header{};
    EXPECT_EQ(encode_header(header, opcode::text, 5, payload_form::deflated), 2U);
    EXPECT_EQ(std::string_view(header.data(), 2), "\xc1\x05");
    EXPECT_EQ(encode_header(header, opcode::binary, 300, payload_form::deflated), 4U);
    EXPECT_EQ(std::string_view(header.data(), 4), std::string_view("\xc2\x7e\x01\x2c", 4));
}

}  // namespace
