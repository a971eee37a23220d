#include "node_rows.hpp"

#include <chat_gateway/base/text.hpp>
#include <chat_gateway/socketio/cluster/streams_codec.hpp>

#include <gtest/gtest.h>

namespace chat_gateway::socketio::cluster::streams {
namespace {

enum class sort { entry, published, session };

/// The rows of that sort: each must be there, or a test would hold for nothing.
std::vector<nlohmann::json> rows_of(sort s) {
    const char* const member = s == sort::entry ? "fields" : s == sort::published ? "bytes" : "key";
    std::vector<nlohmann::json> rows;
    for (const auto& row : tests::recorded("cluster/streams.json")) {
        if (row.contains(member)) rows.push_back(row);
    }
    EXPECT_FALSE(rows.empty());
    return rows;
}

std::vector<std::string> fields_of(const nlohmann::json& row) {
    return row.at("fields");
}

result<node_message> decode_fields(const std::vector<std::string>& fields) {
    return decode_entry(std::vector<std::string_view>(fields.begin(), fields.end()));
}

TEST(StreamsCodec, ReadsTheEntriesOfNode) {
    for (const auto& row : rows_of(sort::entry)) {
        SCOPED_TRACE(row["name"]);
        const auto read = decode_fields(fields_of(row));
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(*read, expected_of(row));
    }
}

TEST(StreamsCodec, AppendsTheEntriesOfNode) {
    for (const auto& row : rows_of(sort::entry)) {
        SCOPED_TRACE(row["name"]);
        const auto n = expected_of(row);
        const auto* r = std::get_if<request>(&n.what);
        const auto written =
            r != nullptr ? encode_entry(n.uid, *r) : encode_entry(n.uid, std::get<message>(n.what));
        ASSERT_TRUE(written.has_value());
        const std::vector<std::string> fields(written->begin(), written->end());
        if (loses_something(row))
            EXPECT_EQ(*decode_fields(fields), n);
        else
            EXPECT_EQ(fields, fields_of(row));
    }
}

TEST(StreamsCodec, ReadsWhatNodePublishes) {
    for (const auto& row : rows_of(sort::published)) {
        SCOPED_TRACE(row["name"]);
        const auto read = decode_published(from_hex(row["bytes"].get<std::string>()));
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(*read, expected_of(row));
    }
}

TEST(StreamsCodec, PublishesTheBytesOfNodeWhereNodeDoes) {
    for (const auto& row : rows_of(sort::published)) {
        SCOPED_TRACE(row["name"]);
        const auto n = expected_of(row);
        const std::string nsp = row["expected"]["nsp"];
        const auto* r = std::get_if<request>(&n.what);
        const auto bytes = r != nullptr ? encode_published(n.uid, *r)
                                        : encode_published(n.uid, std::get<response>(n.what));
        ASSERT_TRUE(bytes.has_value());
        EXPECT_EQ(to_hex(*bytes), row["bytes"].get<std::string>());
        const auto channel =
            r != nullptr ? general_channel("socket.io", nsp)
                         : node_channel("socket.io", nsp, row["expected"]["to"].get<std::string>());
        EXPECT_EQ(channel, row["channel"].get<std::string>());
    }
}

TEST(StreamsCodec, SaysNothingAsNil) {
    const auto bytes =
        encode_published("u", response{.kind = response_kind::client_ack, .id = "i"});
    ASSERT_TRUE(bytes.has_value());
    EXPECT_EQ(std::get<response>(decode_published(*bytes)->what).data, "null");
}

TEST(StreamsCodec, WritesHalfASurrogatePairAsNodesTextEncoderDoes) {
    const auto bytes = encode_published(
        "u", response{.kind = response_kind::client_ack, .id = "i", .data = R"(["\ud83d"])"});
    ASSERT_TRUE(bytes.has_value());
    EXPECT_EQ(std::get<response>(decode_published(*bytes)->what).data, "[\"\xef\xbf\xbd\"]");
}

TEST(StreamsCodec, KeepsSessionsAsNodeDoes) {
    for (const auto& row : rows_of(sort::session)) {
        SCOPED_TRACE(row["name"]);
        const auto& e = row["expected"]["session"];
        const kept_session expected{.sid = e["sid"],
                                    .pid = e["pid"],
                                    .rooms = e["rooms"],
                                    .data = e["data"],
                                    .attachments = attachments_of(e)};
        const std::string value = row["value"];
        const auto read = decode_session(value);
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(*read, expected);
        EXPECT_EQ(*encode_session(expected), value);
        EXPECT_EQ(session_key(expected.pid), row["key"].get<std::string>());
    }
}

constexpr auto news = R"({"packet":{"type":2,"data":["e"],"nsp":"/no"},"opts":{"rooms":["r"]}})";

TEST(StreamsCodec, TakesFieldsInAnyOrderAndFromEmitters) {
    const auto read =
        decode_fields({"x", "y", "data", news, "type", "3", "nsp", "/a", "uid", "emitter", "rest"});
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->uid, "emitter");
    EXPECT_EQ(std::get<message>(read->what),
              (message{.nsp = "/a", .packet = R"(2/a,["e"])", .rooms = {"r"}}));
    const auto event =
        decode_fields({"uid", "emitter", "nsp", "/", "type", "9", "data", R"({"packet":["e",1]})"});
    ASSERT_TRUE(event.has_value());
    EXPECT_EQ(
        std::get<request>(event->what),
        (request{.kind = request_kind::server_side_emit, .from = "emitter", .data = R"(["e",1])"}));
}

TEST(StreamsCodec, IgnoresEntriesThatNodeSkips) {
    for (const auto* type : {"1", "2", "7", "8", "10", "11", "12", "13", "x", "", "3x", "-3"}) {
        const auto read = decode_fields({"uid", "u", "nsp", "/", "type", type, "data", "!"});
        ASSERT_TRUE(read.has_value()) << type;
        EXPECT_EQ(*read, (node_message{.uid = "u"})) << type;
    }
    EXPECT_EQ(*decode_fields({"uid", "u", "type", "3", "data", news}), (node_message{.uid = "u"}));
    EXPECT_EQ(*decode_fields({}), node_message{});
    EXPECT_EQ(*decode_fields({"nsp"}), node_message{});
}

TEST(StreamsCodec, RefusesEntriesThatAreNotComplete) {
    const auto with_data = [](const std::string& data) {
        return decode_fields({"uid", "u", "nsp", "/", "type", "3", "data", data});
    };
    ASSERT_TRUE(with_data(news).has_value());
    for (const auto* data :
         {"", "{}", "{", "null", "!!!", "gA==", R"({"packet":{"type":2,"data":["e"]},"opts":{}})",
          R"({"packet":{"type":2,"data":["e"]},"opts":{"rooms":null}})",
          R"({"packet":{"type":2,"data":["e"]},"opts":{"rooms":[]}}x)"})
        EXPECT_FALSE(with_data(data).has_value()) << data;
    EXPECT_FALSE(with_data(base64_encode(std::string(1000, '\x91'))).has_value());
    EXPECT_FALSE(decode_fields({"nsp", "/", "type", "3", "data", news}).has_value());
    for (const auto* nsp : {"a", "/a,b"})
        EXPECT_FALSE(
            decode_fields({"uid", "u", "nsp", nsp, "type", "3", "data", news}).has_value());
    // JSON is not published.
    EXPECT_FALSE(
        decode_published(R"({"type":9,"data":{"packet":["e"]},"uid":"u","nsp":"/"})").has_value());
}

TEST(StreamsCodec, KeepsRequestsToTheirWay) {
    const request stored{.kind = request_kind::join, .rooms = {"r"}};
    EXPECT_TRUE(encode_entry("u", stored).has_value());
    EXPECT_FALSE(encode_published("u", stored).has_value());
    const request asked{.kind = request_kind::fetch_sockets, .id = "i"};
    EXPECT_TRUE(encode_published("u", asked).has_value());
    EXPECT_FALSE(encode_entry("u", asked).has_value());
    EXPECT_FALSE(encode_entry("u", message{.packet = "2[]"}).has_value());
    EXPECT_FALSE(encode_entry("u", request{.kind = request_kind::leave, .nsp = "a"}).has_value());
    EXPECT_FALSE(encode_published("u", response{.kind = response_kind::client_ack}).has_value());
}

TEST(StreamsCodec, RefusesSessionsThatAreNotWhole) {
    const auto decoded = [](std::string_view bytes) {
        return decode_session(base64_encode(bytes));
    };
    using namespace std::string_view_literals;
    constexpr auto good = "\x83\xa3sid\xa1s\xa3pid\xa1p\xa5rooms\x92\xa1r\x07"sv;
    const auto read = decoded(good);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(*read, (kept_session{.sid = "s", .pid = "p", .rooms = {"r", "7"}}));
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_FALSE(decoded(good.substr(0, size)).has_value()) << size;
    EXPECT_FALSE(decoded(std::string(good) + "\xc0").has_value());
    for (const auto bytes : {"\xc0"sv, "\x80"sv, "\x82\xa3sid\xa1s\xa3pid\xa1p"sv,
                             "\x83\xa3sid\xa1s\xa3pid\xa1p\xa5rooms\xc0"sv,
                             "\x83\xa3sid\xa1s\xa3pid\xa1p\xa5rooms\x91\xc0"sv,
                             "\x83\xa3sid\xa0\xa3pid\xa1p\xa5rooms\x90"sv,
                             "\x83\xa3sid\x01\xa3pid\xa1p\xa5rooms\x90"sv,
                             "\x84\xa3sid\xa1s\xa3pid\xa1p\xa5rooms\x90\xa4"
                             "data\x90"sv})
        EXPECT_FALSE(decoded(bytes).has_value());
    EXPECT_EQ(decoded("\x84\xa3sid\xa1s\xa3pid\xa1p\xa5rooms\x90\xa4"
                      "data\xc0"sv)
                  ->data,
              "{}");
    EXPECT_FALSE(decode_session("").has_value());

    kept_session s{.sid = "s", .pid = "p"};
    EXPECT_TRUE(encode_session(s).has_value());
    for (const auto* data : {"", "[]", "null", "{", "{}x"}) {
        s.data = data;
        EXPECT_FALSE(encode_session(s).has_value()) << data;
    }
    s.data = "{}";
    s.owner = "nineteen characters";
    EXPECT_FALSE(encode_session(s).has_value());
    EXPECT_FALSE(encode_session({.sid = "s"}).has_value());
    EXPECT_FALSE(encode_session({.pid = "p"}).has_value());
}

TEST(StreamsSession, TheSameOwnersValuesBeginAlike) {
    const auto value = [](const std::string& owner, const std::string& pid) {
        return encode_session({.owner = owner, .sid = "s" + pid, .pid = pid}).value();
    };
    const std::string ada = "an owner's 20 bytes.";
    const std::string eve = "an owner's 20 bytes,";
    EXPECT_EQ(value(ada, "p").substr(0, 32), value(ada, "qq").substr(0, 32));
    EXPECT_NE(value(ada, "p").substr(0, 32), value(eve, "p").substr(0, 32));
    EXPECT_EQ(decode_session(value(ada, "p"))->owner, ada);
}

}  // namespace
}  // namespace chat_gateway::socketio::cluster::streams
