#include <chat_gateway/socketio/packet.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace chat_gateway::socketio {
namespace {

using type = packet_type;
using status = decoder::status;
using texts = std::vector<std::string>;

packet decoded(std::string_view text) {
    decoder d;
    packet p;
    EXPECT_EQ(d.on_text(text, p), status::complete) << text;
    return p;
}

void expect_malformed(const texts& all) {
    for (const auto& text : all) {
        decoder d;
        packet p;
        EXPECT_EQ(d.on_text(text, p), status::malformed) << text;
    }
}

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

TEST(Decoder, Connect) {
    EXPECT_EQ(decoded("0"), (packet{.type = type::connect}));
    EXPECT_EQ(decoded("0{\"token\":\"t\"}"),
              (packet{.type = type::connect, .data = "{\"token\":\"t\"}"}));
    EXPECT_EQ(decoded("0/admin"), (packet{.type = type::connect, .nsp = "/admin"}));
    EXPECT_EQ(decoded("0/admin,"), (packet{.type = type::connect, .nsp = "/admin"}));
    EXPECT_EQ(decoded("0/admin,{\"t\":1}"),
              (packet{.type = type::connect, .nsp = "/admin", .data = "{\"t\":1}"}));
    EXPECT_EQ(decoded("0/?a=b,"), (packet{.type = type::connect, .nsp = "/?a=b"}));
    EXPECT_EQ(decoded("01"), (packet{.type = type::connect, .id = "1"}));
}

TEST(Decoder, EventsAndAcks) {
    EXPECT_EQ(decoded("2[\"echo\",1]"), (packet{.type = type::event, .data = "[\"echo\",1]"}));
    EXPECT_EQ(decoded("2/admin,1[\"a\"]"),
              (packet{.type = type::event, .nsp = "/admin", .id = "1", .data = "[\"a\"]"}));
    EXPECT_EQ(decoded("2[1,2]"), (packet{.type = type::event, .data = "[1,2]"}));
    EXPECT_EQ(decoded("2[-0.5]").data, "[-0.5]");
    EXPECT_EQ(decoded("31[]"), (packet{.type = type::ack, .id = "1", .data = "[]"}));
    EXPECT_EQ(decoded("3[null]"), (packet{.type = type::ack, .data = "[null]"}));
}

TEST(Decoder, DisconnectAndConnectError) {
    EXPECT_EQ(decoded("1"), (packet{.type = type::disconnect}));
    EXPECT_EQ(decoded("1/admin,"), (packet{.type = type::disconnect, .nsp = "/admin"}));
    EXPECT_EQ(decoded("4{\"message\":\"m\"}").type, type::connect_error);
    EXPECT_EQ(decoded("4\"m\"").data, "\"m\"");
}

TEST(Decoder, IdsPrintAsJavascriptNumbers) {
    EXPECT_EQ(decoded("20[\"a\"]").id, "0");
    EXPECT_EQ(decoded("2007[\"a\"]").id, "7");
    EXPECT_EQ(decoded("29007199254740991[\"a\"]").id, "9007199254740991");
    EXPECT_EQ(decoded("29007199254740993[\"a\"]").id, "9007199254740992");
    EXPECT_EQ(decoded("212345678901234567890[\"a\"]").id, "12345678901234567000");
    EXPECT_EQ(decoded("21" + std::string(21, '0') + "[\"a\"]").id, "1e+21");
    EXPECT_EQ(decoded("2" + std::string(100, '9') + "[\"a\"]").id, "1e+100");
    expect_malformed({"2" + std::string(101, '9') + "[\"a\"]"});
}

TEST(Decoder, UnknownTypes) {
    expect_malformed({"", "7", "8", "9", "7[\"a\"]", "a", "/", " 2[\"a\"]", "-1"});
}

TEST(Decoder, BadJson) {
    expect_malformed({"2[\"a\"", "2[\"a\",]", "2[\"a\"]]", "2['a']", "2[\"a\", tru]", "2[\"a\nb\"]",
                      "2[\"a\",01]", "2[\"a\",NaN]", "2[\"a\",// c\n1]", "2[\"\\x\"]", "2[\"a\"] x",
                      "2/admin[\"a\"]x,[\"a\"", "0{", "0{\"a\":1}}"});
}

TEST(Decoder, JsonHasNeitherNulNorByteOrderMark) {
    using namespace std::string_literals;
    expect_malformed({"2[\"a\"]\0"s, "2[\"a\"]\0garbage"s, "2[\"a\0b\"]"s, "2\xEF\xBB\xBF[\"a\"]"});
    EXPECT_EQ(decoded("2[\"\\u0000\"]").data, "[\"\\u0000\"]");
}

TEST(Decoder, NestsAtMost256Deep) {
    EXPECT_EQ(decoded("3" + nested(256)).data.size(), 512U);
    expect_malformed({"3" + nested(257), "3" + std::string(100000, '[')});
    std::string objects;
    for (int i = 0; i < 256; ++i)
        objects += "{\"a\":";
    expect_malformed({"3[" + objects + "1" + std::string(256, '}') + "]"});
}

TEST(Decoder, ConnectPayloadIsAnObject) {
    expect_malformed({"0\"s\"", "0[1]", "0null", "0true", "0/admin,[]"});
}

TEST(Decoder, DisconnectHasNoPayload) {
    expect_malformed({"1{}", "1[\"a\"]", "1/admin,null"});
}

TEST(Decoder, EventIsLedByAName) {
    expect_malformed({"2", "21", "2/admin,", "2{}", "2\"a\"", "2null", "2[]", "2[null,\"a\"]",
                      "2[true]", "2[{\"a\":1}]", "2[[\"a\"]]"});
}

TEST(Decoder, ReservedNames) {
    for (const std::string name : {"connect", "connect_error", "disconnect", "disconnecting",
                                   "newListener", "removeListener"}) {
        expect_malformed({"2[\"" + name + "\"]", "51-[\"" + name + "\"]"});
        EXPECT_EQ(decoded("2[\"" + name + "s\",\"" + name + "\"]").type, type::event);
    }
    expect_malformed({"2[\"\\u0063onnect\"]"});
    EXPECT_EQ(decoded("2[\"Connect\"]").type, type::event);
    EXPECT_EQ(decoded("3[\"connect\"]").type, type::ack);
}

TEST(Decoder, AckIsAnArray) {
    expect_malformed({"3", "31", "31{}", "31\"a\"", "31null"});
}

TEST(Decoder, ConnectErrorPayload) {
    expect_malformed({"4", "4[1]", "4null", "41"});
}

TEST(Decoder, LoneSurrogatesAreReplaced) {
    EXPECT_EQ(decoded(R"(2["a","\ud83d"])").data, R"(["a","\ufffd"])");
    EXPECT_EQ(decoded(R"(2["a","\uDE00x"])").data, R"(["a","\ufffdx"])");
    EXPECT_EQ(decoded(R"(2["a","\ud83d\ud83d\ude00"])").data, R"(["a","\ufffd\ud83d\ude00"])");
    EXPECT_EQ(decoded(R"(2["a","\ud83d\u0041"])").data, R"(["a","\ufffd\u0041"])");
    EXPECT_EQ(decoded(R"(2["a","\ud83d\n\ude00"])").data, R"(["a","\ufffd\n\ufffd"])");
    EXPECT_EQ(decoded(R"(2["a","\\ud83d"])").data, R"(["a","\\ud83d"])");
    EXPECT_EQ(decoded(R"(2["a","\\\ud83d"])").data, R"(["a","\\\ufffd"])");
    expect_malformed({R"(2["a","\ud8)", R"(2["a","\ud83g"])", R"(2["a","\)", R"(2["a","\u)"});
}

TEST(Decoder, CollectsAttachmentsInWireOrder) {
    decoder d;
    packet p;
    EXPECT_EQ(d.on_text(R"(52-/admin,7["echo",{"a":{"_placeholder":true,"num":1},)"
                        R"("b":{"_placeholder":true,"num":0}}])",
                        p),
              status::incomplete);
    EXPECT_EQ(d.on_binary("zero", p), status::incomplete);
    EXPECT_EQ(d.on_binary("", p), status::complete);
    EXPECT_EQ(p, (packet{.type = type::binary_event,
                         .nsp = "/admin",
                         .id = "7",
                         .data = R"(["echo",{"a":{"_placeholder":true,"num":1},)"
                                 R"("b":{"_placeholder":true,"num":0}}])",
                         .attachments = {"zero", ""}}));
    EXPECT_EQ(d.on_text("2[\"next\"]", p), status::complete);
    EXPECT_EQ(p, (packet{.type = type::event, .data = "[\"next\"]"}));
}

TEST(Decoder, AttachmentCounts) {
    decoder d;
    packet p;
    EXPECT_EQ(d.on_text("510-[\"a\"]", p), status::incomplete);
    for (int i = 0; i < 9; ++i)
        EXPECT_EQ(d.on_binary("x", p), status::incomplete);
    EXPECT_EQ(d.on_binary("x", p), status::complete);
    EXPECT_EQ(p.attachments.size(), 10U);
    expect_malformed({"511-[\"a\"]", "50-[\"a\"]", "5-[\"a\"]", "5[\"a\"]", "51[\"a\"]", "5",
                      "5--1-[\"a\"]", "51.5-[\"a\"]", "5300-[\"a\"]", "5257-[\"a\"]",
                      "599999999999999999999-[\"a\"]", "61-", "61-{}"});
}

TEST(Decoder, TextWhileAttachmentsAreDue) {
    decoder d;
    packet p;
    EXPECT_EQ(d.on_text("51-[\"a\"]", p), status::incomplete);
    EXPECT_EQ(d.on_text("2[\"b\"]", p), status::malformed);
}

TEST(Decoder, BinaryWhenNoneIsDue) {
    decoder d;
    packet p;
    EXPECT_EQ(d.on_binary("x", p), status::malformed);
    EXPECT_EQ(d.on_text("51-[\"a\"]", p), status::incomplete);
    EXPECT_EQ(d.on_binary("x", p), status::complete);
    EXPECT_EQ(d.on_binary("x", p), status::malformed);
}

/// What comes of a binary event with two attachments and these arguments.
status with_two_attachments(const std::string& args) {
    decoder d;
    packet p;
    EXPECT_EQ(d.on_text("52-[\"a\"," + args + "]", p), status::incomplete) << args;
    EXPECT_EQ(d.on_binary("x", p), status::incomplete) << args;
    return d.on_binary("y", p);
}

TEST(Decoder, PlaceholdersNameAnAttachment) {
    for (const auto* args : {R"({"_placeholder":true,"num":0})", R"({"num":1,"_placeholder":true})",
                             R"({"_placeholder":true,"num":1},{"_placeholder":true,"num":1})",
                             R"({"_placeholder":true,"num":9,"num":1})",
                             R"({"_placeholder":false,"num":9})", R"({"_placeholder":1,"num":9})",
                             R"({"num":9})", R"({"_placeholder":true,"num":0,"x":9})", "null"}) {
        EXPECT_EQ(with_two_attachments(args), status::complete) << args;
    }
    for (const auto* args :
         {R"({"_placeholder":true,"num":2})", R"({"_placeholder":true,"num":-1})",
          R"({"_placeholder":true,"num":0.5})", R"({"_placeholder":true,"num":"0"})",
          R"({"_placeholder":true,"num":null})", R"({"_placeholder":true,"num":[0]})",
          R"({"_placeholder":true})", R"({"_placeholder":true,"num":18446744073709551615})",
          R"({"_placeholder":true,"num":1e99})", R"({"_placeholder":true,"num":1,"num":9})",
          R"({"x":[[{"y":{"num":2,"_placeholder":true}}]]})",
          R"({"_placeholder":true,"num":0},{"_placeholder":true,"num":2})"}) {
        EXPECT_EQ(with_two_attachments(args), status::malformed) << args;
    }
}

TEST(Decoder, PlaceholdersInPlainEventsAreData) {
    EXPECT_EQ(decoded(R"(2["a",{"_placeholder":true,"num":9}])").type, type::event);
}

TEST(Decoder, MovesWithWhatItWaitsFor) {
    decoder first;
    packet p;
    EXPECT_EQ(first.on_text("51-[\"a\"]", p), status::incomplete);
    decoder second(std::move(first));
    EXPECT_EQ(second.on_binary("x", p), status::complete);
    EXPECT_EQ(p.attachments, texts{"x"});
}

/// Whatever comes in, what the decoder lets pass can be split and is decoded to itself.
RC_GTEST_PROP(Decoder, TakesAnyText, ()) {
    const auto piece = rc::gen::element<std::string>(
        "2", "0", "5", "1-", "/a,", "[", "]", "{", "}", "\"n\"", "1", ",", ":", "\\", "\\ud83d",
        "\"", "null", " ", "-1", std::string(1, '\0'), "\xEF\xBB\xBF");
    const auto pieces = *rc::gen::resize(8, rc::gen::container<texts>(piece));
    std::string text = *rc::gen::element<std::string>("", "2[", "2/a,1 [1,\"", "51-[\"");
    for (const auto& t : pieces)
        text += t;
    text += *rc::gen::element<std::string>("", "]", "\"]");

    decoder d;
    packet p;
    auto result = d.on_text(text, p);
    if (result == status::incomplete) result = d.on_binary("x", p);
    RC_CLASSIFY(result == status::complete);
    if (result != status::complete) return;
    if (p.type == type::event || p.type == type::binary_event) {
        RC_ASSERT(split_event(p.data).args.starts_with('['));
    }
    packet again;
    decoder other;
    result = other.on_text(encode(p), again);
    if (result == status::incomplete) result = other.on_binary("x", again);
    RC_ASSERT(result == status::complete);
    RC_ASSERT(again == p);
}

}  // namespace
}  // namespace chat_gateway::socketio
