#include <chat_gateway/socketio/packet.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace chat_gateway::socketio {
namespace {

using type = packet_type;

TEST(SocketioPacket, EncodesEveryPart) {
    EXPECT_EQ(encode({.type = type::connect}), "0");
    EXPECT_EQ(encode({.type = type::connect, .nsp = "/admin", .data = "{\"t\":1}"}),
              "0/admin,{\"t\":1}");
    EXPECT_EQ(encode({.type = type::disconnect, .nsp = "/admin"}), "1/admin,");
    EXPECT_EQ(encode({.type = type::event, .data = "[\"a\",1]"}), "2[\"a\",1]");
    EXPECT_EQ(encode({.type = type::event, .id = "12", .data = "[\"a\"]"}), "212[\"a\"]");
    EXPECT_EQ(encode({.type = type::binary_ack,
                      .nsp = "/admin",
                      .id = "7",
                      .data = "[{\"_placeholder\":true,\"num\":0}]",
                      .attachments = {"x", "y"}}),
              "62-/admin,7[{\"_placeholder\":true,\"num\":0}]");
}

TEST(SocketioPacket, ConnectReply) {
    EXPECT_EQ(connect_reply("/", "abc"), R"(0{"sid":"abc"})");
    EXPECT_EQ(connect_reply("/admin", "abc"), R"(0/admin,{"sid":"abc"})");
    EXPECT_EQ(connect_reply("/", "abc", "def"), R"(0{"sid":"abc","pid":"def"})");
}

TEST(SocketioPacket, ConnectErrorEscapesItsMessage) {
    EXPECT_EQ(connect_error("/?a=b", "Invalid namespace"),
              R"(4/?a=b,{"message":"Invalid namespace"})");
    EXPECT_EQ(connect_error("/", "a \"b\"\n"), R"(4{"message":"a \"b\"\n"})");
}

TEST(SocketioPacket, DisconnectAndAck) {
    EXPECT_EQ(disconnect_packet("/"), "1");
    EXPECT_EQ(disconnect_packet("/admin"), "1/admin,");
    EXPECT_EQ(ack_packet("/", "1", "[\"b\"]"), "31[\"b\"]");
    EXPECT_EQ(ack_packet("/admin", "0", "[]"), "3/admin,0[]");
}

TEST(SocketioPacket, AckWithAttachmentsIsABinaryAck) {
    EXPECT_EQ(ack_packet("/", "7", R"([{"_placeholder":true,"num":0}])", 1),
              R"(61-7[{"_placeholder":true,"num":0}])");
    EXPECT_EQ(ack_packet("/admin", "0", "[1]", 2), "62-/admin,0[1]");
}

TEST(SocketioPacket, EventPutsTheNameInFrontOfItsArguments) {
    EXPECT_EQ(event_packet("/", "a", "[]"), R"(2["a"])");
    EXPECT_EQ(event_packet("/", "a", "[ ] "), R"(2["a" ] )");
    EXPECT_EQ(event_packet("/", "a", " [[]]"), R"(2["a",[]])");
    EXPECT_EQ(event_packet("/admin", "a \"b\"", R"([1,"]"])"), R"(2/admin,["a \"b\"",1,"]"])");
    EXPECT_EQ(event_packet("/", "a", R"([{"_placeholder":true,"num":0}])", 1),
              R"(51-["a",{"_placeholder":true,"num":0}])");
}

TEST(SocketioPacket, EventUndoesSplitEvent) {
    for (const std::string data :
         {R"(["a"])", R"(["a",1])", R"(["a",[],{"b":"]"}])", R"(["\n",""])"}) {
        const auto parts = split_event(data);
        EXPECT_EQ(event_packet("/", parts.name, parts.args), "2" + data);
    }
}

TEST(SplitEvent, NameAndTheRest) {
    const auto expect = [](std::string_view data, std::string_view name, std::string_view args) {
        const auto parts = split_event(data);
        EXPECT_EQ(parts.name, name) << data;
        EXPECT_EQ(parts.args, args) << data;
    };
    expect(R"(["name",1,2])", "name", "[1,2]");
    expect(R"(["name"])", "name", "[]");
    expect(R"(["a\"],\\",{"b":"]"}])", "a\"],\\", R"([{"b":"]"}])");
    expect(R"(["\u00e9\ud83d\ude00",1])", "\xC3\xA9\xF0\x9F\x98\x80", "[1]");
    expect(" [ \"name\" , 1 ] ", "name", "[ 1 ] ");
    expect("[1,2]", "1", "[2]");
    expect("[1.50]", "1.5", "[]");
    expect("[-1 ,[2]]", "-1", "[[2]]");
    expect("[1e3]", "1000", "[]");
}

/// JSON text of a small tree.
std::string any_json(int depth) {
    switch (*rc::gen::inRange(0, depth > 0 ? 6 : 4)) {
        case 0:
            return "null";
        case 1:
            return std::to_string(*rc::gen::arbitrary<int>());
        case 2:
            return "false";
        case 3:
            return '"' + *rc::gen::container<std::string>(rc::gen::inRange('a', 'z')) + "\\u00e9\"";
        case 4:
            return '[' + any_json(depth - 1) + ',' + any_json(depth - 1) + ']';
        default:
            return "{\"k\":" + any_json(depth - 1) + '}';
    }
}

std::string any_id() {
    return std::to_string(*rc::gen::inRange<std::int64_t>(0, 1LL << 53));
}

packet any_packet() {
    packet p;
    p.type = *rc::gen::element(type::connect, type::disconnect, type::event, type::ack,
                               type::binary_event, type::binary_ack);
    if (*rc::gen::arbitrary<bool>()) p.nsp = "/admin?a=" + any_id();
    if (p.type == type::disconnect) return p;
    if (p.type == type::connect) {
        p.data = *rc::gen::arbitrary<bool>() ? "{\"auth\":" + any_json(3) + '}' : "";
        return p;
    }
    p.id = p.type == type::event && *rc::gen::arbitrary<bool>() ? "" : any_id();
    p.data = "[\"name\"," + any_json(3);
    if (p.type == type::binary_event || p.type == type::binary_ack) {
        const auto count = *rc::gen::inRange(1, 11);
        for (int i = 0; i < count; ++i) {
            p.data += ",{\"_placeholder\":true,\"num\":" + std::to_string(i) + '}';
            p.attachments.push_back(*rc::gen::arbitrary<std::string>());
        }
    }
    p.data += ']';
    return p;
}

RC_GTEST_PROP(SocketioPacket, DecodesWhatItEncodes, ()) {
    using status = decoder::status;
    const auto sent = any_packet();
    decoder d;
    packet received;
    auto last = d.on_text(encode(sent), received);
    for (const auto& a : sent.attachments) {
        RC_ASSERT(last == status::incomplete);
        last = d.on_binary(a, received);
    }
    RC_ASSERT(last == status::complete);
    RC_ASSERT(received == sent);
}

}  // namespace
}  // namespace chat_gateway::socketio
