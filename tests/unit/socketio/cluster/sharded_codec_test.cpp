#include "node_rows.hpp"

#include <chat_gateway/socketio/cluster/sharded_codec.hpp>

#include <gtest/gtest.h>

namespace chat_gateway::socketio::cluster::sharded {
namespace {

result<std::string> encode_any(const node_message& n) {
    if (const auto* m = std::get_if<message>(&n.what)) return encode(n.uid, *m);
    if (const auto* r = std::get_if<request>(&n.what)) return encode(n.uid, *r);
    return encode(n.uid, std::get<response>(n.what));
}

std::string hex_text(const nlohmann::json& row) {
    return from_hex(row.at("bytes").get<std::string>());
}

TEST(ShardedCodec, ReadsWhatNodePublishes) {
    for (const auto& row : tests::recorded("cluster/sharded.json")) {
        SCOPED_TRACE(row["name"]);
        const auto read = decode(hex_text(row));
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(*read, expected_of(row));
    }
}

TEST(ShardedCodec, WritesTheBytesOfNode) {
    std::size_t written = 0;
    for (const auto& row : tests::recorded("cluster/sharded.json")) {
        SCOPED_TRACE(row["name"]);
        const auto bytes = encode_any(expected_of(row));
        ASSERT_TRUE(bytes.has_value());
        if (loses_something(row)) {
            EXPECT_EQ(*decode(*bytes), expected_of(row));
            continue;
        }
        EXPECT_EQ(*bytes, hex_text(row));
        ++written;
    }
    EXPECT_GT(written, 80U);
}

TEST(ShardedCodec, PublishesWhereNodeDoes) {
    for (const auto& row : tests::recorded("cluster/sharded.json")) {
        SCOPED_TRACE(row["name"]);
        const auto n = expected_of(row);
        const std::string nsp = row["expected"]["nsp"];
        std::string channel = general_channel("socket.io", nsp);
        if (const auto* m = std::get_if<message>(&n.what)) channel = channel_of("socket.io", *m);
        if (std::holds_alternative<response>(n.what))
            channel = node_channel("socket.io", nsp, row["expected"]["to"].get<std::string>());
        EXPECT_EQ(channel, row["channel"].get<std::string>());
    }
}

TEST(ShardedCodec, CountsARoomsNameAsJavaScriptDoes) {
    const std::string twenty(20, 'a');
    EXPECT_FALSE(has_channel(twenty));
    EXPECT_TRUE(has_channel(twenty + 'a'));
    EXPECT_TRUE(has_channel(twenty.substr(1)));
    EXPECT_TRUE(has_channel(""));
    message m{.packet = R"(2["x"])", .rooms = {"r1"}};
    EXPECT_EQ(channel_of("p", m), "p#/#r1#");
    m.to_all_nodes = true;
    EXPECT_EQ(channel_of("p", m), "p#/#");
    m.to_all_nodes = false;
    m.rooms = {"r1", "r2"};
    EXPECT_EQ(channel_of("p", m), "p#/#");
    m.rooms = {twenty};
    EXPECT_EQ(channel_of("p", m), "p#/#");
    m.rooms.clear();
    m.nsp = "/admin";
    EXPECT_EQ(channel_of("p", m), "p#/admin#");
}

/// A broadcast with that data, and what comes of it.
result<node_message> decode_data(std::string_view data, int type = 3) {
    return decode(R"({"type":)" + std::to_string(type) + R"(,"data":)" + std::string(data) +
                  R"(,"uid":"u","nsp":"/"})");
}
result<node_message> decode_opts(const std::string& opts) {
    return decode_data(R"({"packet":{"type":2,"data":["x"]},"opts":)" + opts + "}");
}

TEST(ShardedCodec, KeepsTheTextOfJson) {
    const auto read = decode_data(
        R"({"packet":{"type":2,"data":["x",1.50,{"b":"\u00e9\ud800/\/","10":[ ]}, -0]},"opts":{"rooms":[]}})");
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(std::get<message>(read->what).packet,
              R"(2["x",1.50,{"b":"\u00e9\ud800/\/","10":[ ]}, -0])");
}

TEST(ShardedCodec, TakesMembersInAnyOrderAndTheLastOfEqualNames) {
    const auto read = decode(
        R"({ "nsp":"/no", "uid":"no", "x":[{"type":9}], "data":{"requestId":"no"}, "nsp":"/a",)"
        R"("data" : {"opts":{"rooms":["no"]}, "opts":{"flags":{"timeout":1}, "except":[2,"\u00e9\n\ud83d\ude00"],"rooms":["r"],)"
        R"("flags":{"\u0076olatile":true}}, "packet" : {"data":[1],"nsp":"/b","type":5}}, "uid" : "u" , "type":3 } )");
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->uid, "u");
    EXPECT_EQ(std::get<message>(read->what), (message{.nsp = "/a",
                                                      .packet = "2/a,[1]",
                                                      .rooms = {"r"},
                                                      .except = {"2", "é\n😀"},
                                                      .volatile_ = true}));
}

TEST(ShardedCodec, RefusesRoomsThatAreNoList) {
    ASSERT_TRUE(decode_opts(R"({"rooms":[]})").has_value());
    for (const auto* opts :
         {"null", "[]", "{}", R"({"except":[]})", R"({"rooms":null})", R"({"rooms":{}})",
          R"({"rooms":"r1"})", R"({"rooms":[null]})", R"({"rooms":[["r1"]]})",
          R"({"rooms":[true]})", R"({"rooms":["r1"],"except":null})",
          R"({"rooms":["r1"],"except":"a"})", R"({"rooms":[],"rooms":0})",
          R"({"rooms":[1e999]})"}) {
        EXPECT_FALSE(decode_opts(opts).has_value()) << opts;
    }
    for (const int type : {4, 5}) {
        EXPECT_FALSE(decode_data(R"({"opts":{"rooms":[]}})", type).has_value());
        EXPECT_FALSE(decode_data(R"({"rooms":["r"]})", type).has_value());
    }
    for (const int type : {3, 4, 5, 6, 7}) {
        EXPECT_FALSE(decode_data("null", type).has_value()) << type;
        EXPECT_FALSE(decode_data("{}", type).has_value()) << type;
        EXPECT_FALSE(decode_data(R"({"requestId":"i","rooms":["r"],"close":true})", type));
    }
}

TEST(ShardedCodec, ReadsNumbersAsNamesOfRooms) {
    const auto read = decode_opts(R"({"rooms":[10,1.50,1e21,-0,1e-999,"a"]})");
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(std::get<message>(read->what).rooms,
              (std::vector<std::string>{"10", "1.5", "1e+21", "0", "0", "a"}));
}

TEST(ShardedCodec, IgnoresTypesOfOthers) {
    for (const int type : {1, 2, 13, 14, 0, -1, 1000000}) {
        for (const auto* data : {"{}", "null", "[3]"}) {
            const auto read = decode_data(data, type);
            ASSERT_TRUE(read.has_value()) << type;
            EXPECT_EQ(*read, (node_message{.uid = "u"})) << type;
        }
    }
    EXPECT_EQ(*decode(R"({"type":13,"uid":"u"})"), (node_message{.uid = "u"}));
    EXPECT_EQ(*decode(R"({"type":99999999999999999999,"uid":"u"})"), (node_message{.uid = "u"}));
}

TEST(ShardedCodec, RefusesWhatIsNoMessage) {
    const std::string good =
        R"({"type":3,"data":{"packet":{"type":2,"data":["e",1]},"opts":{"rooms":[]}},"uid":"u","nsp":"/"})";
    ASSERT_TRUE(decode(good).has_value());
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_FALSE(decode(good.substr(0, size)).has_value()) << size;
    EXPECT_FALSE(decode(good + "x").has_value());
    EXPECT_FALSE(decode(good + '\0').has_value());
    EXPECT_FALSE(decode("[" + good + "]").has_value());
    for (const auto* text :
         {R"({"data":{},"uid":"u","nsp":"/"})", R"({"type":"3","data":{},"uid":"u","nsp":"/"})",
          R"({"type":13,"nsp":"/"})", R"({"type":13,"uid":1,"nsp":"/"})"}) {
        EXPECT_FALSE(decode(text).has_value()) << text;
    }
    const auto with_nsp = [](const std::string& nsp) {
        return decode(R"({"type":9,"data":{"packet":["e"]},"uid":"u")" +
                      (nsp.empty() ? nsp : R"(,"nsp":)" + nsp) + "}");
    };
    EXPECT_TRUE(with_nsp(R"("/a")").has_value());
    for (const auto* nsp : {"", "null", "1", R"("")", R"("a")", R"("/a,b")", R"("/a\u002cb")"})
        EXPECT_FALSE(with_nsp(nsp).has_value()) << nsp;
}

TEST(ShardedCodec, RefusesWhatIsNoEvent) {
    const auto with_packet = [](const std::string& packet) {
        return decode_data(R"({"packet":)" + packet + R"(,"opts":{"rooms":[]}})");
    };
    EXPECT_TRUE(with_packet(R"({"type":2,"data":[ "e"]})").has_value());
    EXPECT_TRUE(with_packet(R"({"type":2,"data":[-1]})").has_value());
    for (const auto* packet :
         {"null", "[2]", "{}", R"({"type":2})", R"({"data":["e"]})", R"({"type":3,"data":["e"]})",
          R"({"type":"2","data":["e"]})", R"({"type":2,"data":[]})", R"({"type":2,"data":[null]})",
          R"({"type":2,"data":[["e"]]})", R"({"type":2,"data":"e"})",
          R"({"type":2,"data":{"0":"e"}})", "{\"type\":2,\"data\":[\"\xff\"]}",
          "{\"type\":2,\"data\":[\"\n\"]}", R"({"type":2,"data":["e",01]})",
          R"({"type":2,"data":["e",]})", R"({"type":2,"data":["e","\x"]})",
          R"({"type":2,"data":["e"]},"packet":5)"}) {
        EXPECT_FALSE(with_packet(packet).has_value()) << packet;
    }
    EXPECT_FALSE(decode_data(R"({"packet":{"type":2,"data":["e"]}})", 9).has_value());
    EXPECT_FALSE(decode_data(R"({"packet":[]})", 9).has_value());
}

TEST(ShardedCodec, RefusesQuestionsAndAnswersWithoutId) {
    for (const auto* id : {"", R"(,"requestId":"")", R"(,"requestId":1)", R"(,"requestId":null)"}) {
        const std::string rest = std::string(id) + "}";
        EXPECT_FALSE(decode_data(R"({"opts":{"rooms":[]})" + rest, 7).has_value()) << id;
        EXPECT_FALSE(decode_data(R"({"sockets":[])" + rest, 8).has_value()) << id;
        EXPECT_FALSE(decode_data(R"({"packet":1)" + rest, 10).has_value()) << id;
        EXPECT_FALSE(decode_data(R"({"clientCount":1)" + rest, 11).has_value()) << id;
        EXPECT_FALSE(decode_data(R"({"packet":1)" + rest, 12).has_value()) << id;
        if (*id == '\0') continue;
        EXPECT_FALSE(decode_data(R"({"packet":["e"])" + rest, 9).has_value()) << id;
        EXPECT_FALSE(
            decode_data(R"({"packet":{"type":2,"data":["e"]},"opts":{"rooms":[]})" + rest, 3)
                .has_value())
            << id;
    }
}

TEST(ShardedCodec, RefusesAnswersOfAnotherForm) {
    const auto sockets = [](const std::string& list) {
        return decode_data(R"({"requestId":"i","sockets":)" + list + "}", 8);
    };
    const auto read = sockets(R"([{"id":"s","rooms":["s",1]}])");
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(std::get<response>(read->what).fetched,
              (std::vector<remote_socket>{{.id = "s", .rooms = {"s", "1"}}}));
    for (const auto* list :
         {"null", "{}", "[1]", "[{}]", R"([{"id":"s"}])", R"([{"id":"","rooms":[]}])",
          R"([{"id":1,"rooms":[]}])", R"([{"id":"s","rooms":[],"handshake":[]}])",
          R"([{"id":"s","rooms":[],"data":null}])"}) {
        EXPECT_FALSE(sockets(list).has_value()) << list;
    }
    for (const auto* count : {"-1", "1.5", "1e3", R"("1")", "null", "99999999999999999999"})
        EXPECT_FALSE(
            decode_data(R"({"requestId":"i","clientCount":)" + std::string(count) + "}", 11)
                .has_value())
            << count;
}

TEST(ShardedCodec, ReadsTimeoutsThatMakeSense) {
    const auto timeout = [](const std::string& ms) {
        const auto read = decode_data(
            R"({"packet":{"type":2,"data":["e"]},"requestId":"i","opts":{"rooms":[],"flags":{"timeout":)" +
            ms + "}}}");
        return std::get<request>(read.value().what).timeout;
    };
    EXPECT_EQ(timeout("2000"), std::chrono::milliseconds(2000));
    EXPECT_EQ(timeout("1.5"), std::chrono::milliseconds(2));
    EXPECT_EQ(timeout("0"), std::chrono::milliseconds(0));
    for (const auto* ms : {"-1", "1e300", "1e999", "null", R"("5")", "86400001"})
        EXPECT_EQ(timeout(ms), std::nullopt) << ms;
}

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

TEST(ShardedCodec, BoundsTheDepth) {
    const auto with_depth = [](std::size_t depth) {
        return decode_data(R"({"packet":{"type":2,"data":["e",)" + nested(depth - 1) +
                           R"(]},"opts":{"rooms":[]}})");
    };
    EXPECT_TRUE(with_depth(256).has_value());
    EXPECT_FALSE(with_depth(257).has_value());
    EXPECT_FALSE(decode_data(nested(1000000)).has_value());
    EXPECT_FALSE(decode(std::string(1000000, '\x91')).has_value());
    EXPECT_FALSE(decode(R"({"type":1,"uid":"u","x":)" + nested(257) + "}").has_value());
}

TEST(ShardedCodec, BoundsTheDepthOfAnswersOnBothWays) {
    const std::string deepest = nested(256);
    const auto with_data = [](const std::string& json) {
        return decode_data(R"({"requestId":"i","packet":)" + json + "}", 12);
    };
    EXPECT_TRUE(with_data(deepest).has_value());
    EXPECT_FALSE(with_data(R"({"a":)" + deepest + "}").has_value());
    response r{.kind = response_kind::fetched, .id = "i"};
    for (const std::size_t depth : {253U, 254U}) {
        r.fetched = {{.id = "s", .handshake = R"({"a":)" + nested(depth) + "}"}};
        const auto bytes = encode("u", r);
        EXPECT_EQ(bytes.has_value(), depth == 253);
        EXPECT_TRUE(!bytes || decode(*bytes).has_value());
    }
}

TEST(ShardedCodec, RefusesPlaceholdersOfAttachmentsThatAreNotThere) {
    // ["e", binary, {"_placeholder":true,"num":n}]
    const auto with_number = [](const std::string& n) {
        return decode(
            "\x84\xa4type\x03\xa4"
            "data\x82\xa6packet\x82\xa4type\x02\xa4"
            "data\x93\xa1"
            "e"
            "\xc4\x01z\x82\xac_placeholder\xc3\xa3num" +
            n + "\xa4opts\x81\xa5rooms\x90\xa3uid\xa1u\xa3nsp\xa1/");
    };
    EXPECT_TRUE(with_number(std::string(1, '\0')).has_value());
    EXPECT_FALSE(with_number("\x01").has_value());
}

TEST(ShardedCodec, RefusesToWriteWhatAPeerWouldNotRead) {
    const message good{.packet = R"(2["e"])"};
    ASSERT_TRUE(encode("u", good).has_value());
    for (const auto* packet : {"", "2", "2[]", "2[null]", "2[\"e\"", "2[\"e\"]x", "21[\"e\"]",
                               "3[\"e\"]", "2/admin,[\"e\"]", "51-[\"e\"]", "2{}", "[\"e\"]"}) {
        message m = good;
        m.packet = packet;
        EXPECT_FALSE(encode("u", m).has_value()) << packet;
        EXPECT_FALSE(
            encode("u", request{.kind = request_kind::broadcast, .id = "i", .packet = packet}))
            << packet;
    }
    message m{.packet = R"(51-["e",{"_placeholder":true,"num":1}])", .attachments = {"a"}};
    EXPECT_FALSE(encode("u", m).has_value());
    for (const auto* nsp : {"", "admin", "/a,b"})
        EXPECT_FALSE(encode("u", request{.kind = request_kind::join, .nsp = nsp}).has_value());
    EXPECT_FALSE(encode("u", request{.kind = request_kind::broadcast, .packet = R"(2["e"])"}));
    EXPECT_FALSE(encode("u", request{.kind = request_kind::fetch_sockets}));
    EXPECT_FALSE(encode("u", request{.kind = request_kind::sockets, .id = "i"}));
    EXPECT_FALSE(encode("u", request{.kind = request_kind::all_rooms, .id = "i"}));
    for (const auto* data : {"", "1", "[]", "[null]", "[\"e\"", "[\"e\"],\"x\":[1]"})
        EXPECT_FALSE(encode("u", request{.kind = request_kind::server_side_emit, .data = data}))
            << data;
    EXPECT_FALSE(encode("u", response{.kind = response_kind::client_count}));
    for (const auto kind : {response_kind::sockets, response_kind::rooms, response_kind::done})
        EXPECT_FALSE(encode("u", response{.kind = kind, .id = "i"}));
    EXPECT_FALSE(encode("u", response{.kind = response_kind::client_ack, .id = "i", .data = "1}"}));
    response r{.kind = response_kind::fetched, .id = "i", .fetched = {{.id = "s"}}};
    EXPECT_TRUE(encode("u", r).has_value());
    r.fetched[0].handshake = "[]";
    EXPECT_FALSE(encode("u", r).has_value());
    r.fetched[0] = {.id = "s", .data = "{"};
    EXPECT_FALSE(encode("u", r).has_value());
    r.fetched[0] = {};
    EXPECT_FALSE(encode("u", r).has_value());
}

}  // namespace
}  // namespace chat_gateway::socketio::cluster::sharded
