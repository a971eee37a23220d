#include "vectors.hpp"

#include <chat_gateway/socketio/cluster/classic_codec.hpp>

#include <gtest/gtest.h>

#include <random>

namespace chat_gateway::socketio::cluster::classic {
namespace {

message message_of(const nlohmann::json& row) {
    message m;
    m.nsp = row.at("nsp");
    m.packet = row.at("packet");
    m.attachments = attachments_of(row);
    m.rooms = row.at("rooms").get<std::vector<std::string>>();
    m.except = row.at("except").get<std::vector<std::string>>();
    m.volatile_ = row.at("volatile");
    return m;
}

std::string_view prefix_of(const nlohmann::json& row) {
    return row.at("name") == "emitter, prefix" ? "chat" : "socket.io";
}

/// What is read from `93 "u" <packet> <opts>`, all in hex.
result<message> decode(const std::string& packet, const std::string& opts = "80") {
    return decode_broadcast(from_hex("93a175" + packet + opts));
}

bool malformed(const result<message>& r) {
    return !r && r.error() == errc::malformed;
}

const std::string event_1 = "82a47479706502a46461746191a178";  // {type:2,data:["x"]}

TEST(ClassicCodec, NamesChannels) {
    EXPECT_EQ(general_channel("socket.io", "/"), "socket.io#/#");
    EXPECT_EQ(room_channel("socket.io", "/admin", "r#1"), "socket.io#/admin#r#1#");
}

TEST(ClassicCodec, PublishesToTheRoomsChannelOnlyForOneRoom) {
    for (const auto& row : recorded("broadcasts.json")) {
        EXPECT_EQ(channel_of(prefix_of(row), message_of(row)), row.at("channel").get<std::string>())
            << row;
    }
}

TEST(ClassicCodec, PublishesToTheGeneralChannelWhatIsForAllNodes) {
    message m;
    m.rooms = {"r1"};
    EXPECT_EQ(channel_of("p", m), "p#/#r1#");
    m.to_all_nodes = true;
    EXPECT_EQ(channel_of("p", m), "p#/#");
}

TEST(ClassicCodec, ReadsEmittersAndServers) {
    for (const auto& row : recorded("broadcasts.json")) {
        const auto m = decode_broadcast(from_hex(row.at("msgpack").get<std::string>()));
        ASSERT_TRUE(m) << row.at("name");
        const auto expected = message_of(row);
        EXPECT_EQ(m->packet, expected.packet) << row.at("name");
        EXPECT_TRUE(*m == expected) << row.at("name");
    }
}

TEST(ClassicCodec, WritesAServersBytes) {
    std::size_t compared = 0;
    for (const auto& row : recorded("broadcasts.json")) {
        // The bytes of a server but for flags that a message of ours does not have.
        if (row.at("uid") == "emitter" || row.at("flags").contains("compress")) continue;
        const auto bytes = encode_broadcast(row.at("uid").get<std::string>(), message_of(row));
        ASSERT_TRUE(bytes) << row.at("name");
        EXPECT_EQ(to_hex(*bytes), row.at("msgpack").get<std::string>()) << row.at("name");
        ++compared;
    }
    EXPECT_GT(compared, 8U);
}

TEST(ClassicCodec, WritesWhatAnEmitterWritesUpToTheOptions) {
    std::size_t compared = 0;
    for (const auto& row : recorded("broadcasts.json")) {
        // A date has become a string by the time it is a packet.
        if (row.at("uid") != "emitter" || row.at("name") == "emitter, a date") continue;
        const auto bytes = encode_broadcast("emitter", message_of(row));
        ASSERT_TRUE(bytes) << row.at("name");
        const auto theirs = from_hex(row.at("msgpack").get<std::string>());
        const auto options = theirs.find("\x83\xa5rooms");
        ASSERT_NE(options, std::string::npos);
        EXPECT_EQ(to_hex(bytes->substr(0, options)), to_hex(theirs.substr(0, options)));
        EXPECT_TRUE(*decode_broadcast(*bytes) == message_of(row)) << row.at("name");
        ++compared;
    }
    EXPECT_GT(compared, 10U);
}

TEST(ClassicCodec, RefusesEveryPayloadThatIsCutShortOrTooLong) {
    for (const auto& row : recorded("broadcasts.json")) {
        const auto bytes = from_hex(row.at("msgpack").get<std::string>());
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            EXPECT_TRUE(malformed(decode_broadcast(std::string_view(bytes).substr(0, size))))
                << row.at("name") << " cut to " << size;
        }
        EXPECT_TRUE(malformed(decode_broadcast(bytes + '\xc0'))) << row.at("name");
    }
}

TEST(ClassicCodec, SurvivesAnyByteChanged) {
    std::mt19937 random(11);
    std::size_t refused = 0;
    for (const auto& row : recorded("broadcasts.json")) {
        const auto original = from_hex(row.at("msgpack").get<std::string>());
        for (std::size_t i = 0; i < original.size(); ++i) {
            auto bytes = original;
            bytes[i] = static_cast<char>(random());
            const auto m = decode_broadcast(bytes);
            if (!m) {
                ++refused;
                continue;
            }
            const auto data = m->packet.find('[');
            ASSERT_NE(data, std::string::npos);
            EXPECT_TRUE(nlohmann::json::accept(m->packet.substr(data))) << m->packet;
        }
    }
    EXPECT_GT(refused, 100U);
}

TEST(ClassicCodec, FillsInWhatIsAbsent) {
    const auto m = decode(event_1);
    ASSERT_TRUE(m);
    EXPECT_TRUE(*m == message{.packet = R"(2["x"])"});
}

TEST(ClassicCodec, TakesThePartsInAnyOrderAndIgnoresOthers) {
    // {zz:[{}],nsp:"/n",data:["x",<bin>],type:2},
    // {zz:{},flags:{compress:false,volatile:true},except:["e"],rooms:["r"]}
    const auto m = decode("84a27a7a9180a36e7370a22f6ea46461746192a178c40101a47479706502",
                          "84a27a7a80a5666c61677382a8636f6d7072657373c2a8766f6c6174696c65c3a6657863"
                          "65707491a165a5726f6f6d"
                          "7391a172");
    ASSERT_TRUE(m);
    EXPECT_TRUE(*m == (message{.nsp = "/n",
                               .packet = R"(51-/n,["x",{"_placeholder":true,"num":0}])",
                               .attachments = {"\x01"},
                               .rooms = {"r"},
                               .except = {"e"},
                               .volatile_ = true}));
}

TEST(ClassicCodec, TakesTheBinaryEventsOfOldEmitters) {
    const auto binary = decode("82a47479706505a46461746192a178c40101");
    ASSERT_TRUE(binary);
    EXPECT_EQ(binary->packet, R"(51-["x",{"_placeholder":true,"num":0}])");
    const auto plain = decode("82a47479706505a46461746191a178");
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->packet, R"(2["x"])");
}

TEST(ClassicCodec, ReadsNumericRoomsAsTheirNames) {
    const auto m = decode(event_1, "81a5726f6f6d739207cd0100");
    ASSERT_TRUE(m);
    EXPECT_EQ(m->rooms, (std::vector<std::string>{"7", "256"}));
}

TEST(ClassicCodec, RoomsThatAreNoNamesAreNotEverybody) {
    EXPECT_TRUE(malformed(decode(event_1, "81a5726f6f6d73c0")));
    EXPECT_TRUE(malformed(decode(event_1, "81a5726f6f6d73a172")));
    EXPECT_TRUE(malformed(decode(event_1, "81a5726f6f6d7391c0")));
    EXPECT_TRUE(malformed(decode(event_1, "81a665786365707480")));
}

TEST(ClassicCodec, RefusesPacketsThatAreNoEvents) {
    EXPECT_TRUE(malformed(decode("81a47479706502")));                    // no data
    EXPECT_TRUE(malformed(decode("81a46461746191a178")));                // no type
    EXPECT_TRUE(malformed(decode("82a47479706503a46461746191a178")));    // an ack
    EXPECT_TRUE(malformed(decode("82a474797065a132a46461746191a178")));  // type "2"
    EXPECT_TRUE(malformed(decode("82a47479706502a464617461a178")));      // data "x"
    EXPECT_TRUE(malformed(decode("82a47479706502a46461746180")));        // data {}
    EXPECT_TRUE(malformed(decode("82a47479706502a46461746190")));        // data []
    EXPECT_TRUE(malformed(decode("82a47479706502a46461746191c0")));      // data [null]
    EXPECT_TRUE(malformed(decode("82a47479706502a4646174619190")));      // data [[]]
    EXPECT_TRUE(malformed(decode("a178")));
    EXPECT_TRUE(malformed(decode("c0")));
}

TEST(ClassicCodec, RefusesNamespacesThatClientsCouldNotRead) {
    const std::string event_2 = "83a47479706502a46461746191a178a36e7370";
    EXPECT_TRUE(decode(event_2 + "a22f61"));
    EXPECT_TRUE(malformed(decode(event_2 + "a161")));      // "a"
    EXPECT_TRUE(malformed(decode(event_2 + "a32f2c61")));  // "/,a"
    EXPECT_TRUE(malformed(decode(event_2 + "a0")));
    EXPECT_TRUE(malformed(decode(event_2 + "c0")));
    EXPECT_TRUE(malformed(decode(event_2 + "01")));
}

TEST(ClassicCodec, RefusesOtherShapes) {
    EXPECT_TRUE(malformed(decode_broadcast("")));
    EXPECT_TRUE(malformed(decode_broadcast(R"({"type":3})")));
    EXPECT_TRUE(malformed(decode_broadcast(from_hex("92a175" + event_1))));
    EXPECT_TRUE(malformed(decode_broadcast(from_hex("94a175" + event_1 + "80c0"))));
    EXPECT_TRUE(malformed(decode_broadcast(from_hex("9301" + event_1 + "80"))));
    EXPECT_TRUE(malformed(decode(event_1, "90")));
    EXPECT_TRUE(malformed(decode(event_1, "c0")));
    EXPECT_TRUE(malformed(decode(event_1, "81a5666c61677390")));
    EXPECT_TRUE(malformed(decode(event_1, "81a5666c61677381a8766f6c6174696c6590")));
}

TEST(ClassicCodec, RefusesDataNestedTooDeep) {
    std::string deep;
    for (int i = 0; i < 256; ++i)
        deep += "91";
    EXPECT_TRUE(decode("82a47479706502a46461746192a178" + deep.substr(2) + "c0"));
    EXPECT_TRUE(malformed(decode("82a47479706502a46461746192a178" + deep + "c0")));
}

TEST(ClassicCodec, ALargerMessageTravelsUnchanged) {
    message m{.nsp = "/chat", .rooms = {"r1", "r2"}, .except = {"s"}, .volatile_ = true};
    m.packet = R"(52-/chat,["e",{"_placeholder":true,"num":0},"\u0001é",)"
               R"({"_placeholder":true,"num":1},-1.5])";
    m.attachments = {std::string(70000, 'b'), ""};
    const auto bytes = encode_broadcast("uid", m);
    ASSERT_TRUE(bytes);
    const auto back = decode_broadcast(*bytes);
    ASSERT_TRUE(back);
    EXPECT_TRUE(*back == m);
}

TEST(ClassicCodec, EncodesOnlyEvents) {
    const auto refused = [](message m) {
        const auto bytes = encode_broadcast("u", m);
        return !bytes && bytes.error() == errc::malformed;
    };
    for (const auto* packet :
         {"", "2", "2[]", "2[1", "2{}", "2[null]", "3[\"x\"]", "21[\"x\"]", "2/other,[\"x\"]",
          "51-[\"x\",{\"_placeholder\":true,\"num\":0}]", "[\"x\"]", "2[\"x\"] y"}) {
        EXPECT_TRUE(refused({.packet = packet})) << packet;
    }
    EXPECT_TRUE(refused({.nsp = "/n", .packet = R"(2["x"])"}));
    EXPECT_TRUE(refused({.packet = R"(2["x"])", .attachments = {"a"}}));
    EXPECT_TRUE(
        refused({.packet = R"(51-["x",{"_placeholder":true,"num":1}])", .attachments = {"a"}}));
}

}  // namespace
}  // namespace chat_gateway::socketio::cluster::classic
