#include "vectors.hpp"

#include <chat_gateway/socketio/cluster/msgpack_json.hpp>

#include <gtest/gtest.h>

namespace chat_gateway::socketio::cluster {
namespace {

/// The encoding in hex, or "malformed".
std::string msgpack_of(std::string_view json, const std::vector<std::string>& attachments = {}) {
    const auto bytes = msgpack_of_json(json, attachments);
    if (!bytes) return bytes.error() == errc::malformed ? "malformed" : bytes.error().message();
    return to_hex(*bytes);
}

TEST(MsgpackOfJson, WritesWhatNotepackWrites) {
    for (const auto& row : recorded("encodings.json")) {
        if (row.contains("repeat")) {
            const std::string text(row.at("repeat").get<std::size_t>(), 'x');
            const auto hex = msgpack_of('"' + text + '"');
            EXPECT_EQ(hex.size(), 2 * row.at("size").get<std::size_t>()) << row;
            EXPECT_EQ(hex.substr(0, 16), row.at("begin").get<std::string>()) << row;
        } else {
            EXPECT_EQ(msgpack_of(row.at("json").get<std::string>()),
                      row.at("msgpack").get<std::string>())
                << row;
        }
    }
}

TEST(MsgpackOfJson, UndoesAppendJson) {
    for (const auto& row : recorded("values.json")) {
        // An object that only looks like a placeholder cannot be told from one, in Node neither.
        if (row.at("name") == "what looks like a placeholder") continue;
        const auto bytes = msgpack_of_json(row.at("json").get<std::string>(), attachments_of(row));
        ASSERT_TRUE(bytes) << row.at("name");
        std::string out;
        std::vector<std::string> attachments;
        ASSERT_TRUE(append_json(*bytes, out, attachments)) << row.at("name");
        EXPECT_EQ(out, row.at("json").get<std::string>()) << row.at("name");
        EXPECT_EQ(attachments, attachments_of(row)) << row.at("name");
    }
}

TEST(MsgpackOfJson, KeepsTheOrderOfTheText) {
    EXPECT_EQ(msgpack_of(R"({"b":1,"10":2,"a":3})"), "83a16201a2313002a16103");
}

// notepack would keep the low 64 bits only.
TEST(MsgpackOfJson, NumbersTooLargeForAnIntegerStayFloats) {
    EXPECT_EQ(msgpack_of("18446744073709551616"), "cb43f0000000000000");
    EXPECT_EQ(msgpack_of("-9223372036854775808"), "d38000000000000000");
    EXPECT_EQ(msgpack_of("-1e19"), "cbc3e158e460913d00");
    EXPECT_EQ(msgpack_of("1e300"), "cb7e37e43c8800759c");
}

TEST(MsgpackOfJson, PutsAttachmentsInTheirPlaces) {
    const std::string json =
        R"([{"_placeholder":true,"num":1},{"a":{"_placeholder":true,"num":0}}])";
    EXPECT_EQ(msgpack_of(json, {"zero", "one"}), "92c4036f6e6581a161c4047a65726f");
    EXPECT_EQ(msgpack_of(R"({"_placeholder":true,"num":0})", {std::string(256, '\1')}).substr(0, 8),
              "c5010001");
}

TEST(MsgpackOfJson, OtherObjectsAreNoPlaceholders) {
    EXPECT_EQ(msgpack_of(R"({"_placeholder":false,"num":0})", {"x"}),
              "82ac5f706c616365686f6c646572c2a36e756d00");
    EXPECT_EQ(msgpack_of(R"({"_placeholder":true})", {"x"}), "81ac5f706c616365686f6c646572c3");
}

TEST(MsgpackOfJson, RefusesAPlaceholderForNoAttachment) {
    EXPECT_EQ(msgpack_of(R"([{"_placeholder":true,"num":1}])", {"zero"}), "malformed");
    EXPECT_EQ(msgpack_of(R"([{"_placeholder":true,"num":-1}])", {"zero"}), "malformed");
    EXPECT_EQ(msgpack_of(R"([{"_placeholder":true,"num":"0"}])", {"zero"}), "malformed");
}

TEST(MsgpackOfJson, RefusesWhatIsNotJson) {
    for (const auto* text : {"", "[", "[1,]", "{\"a\"}", "nul", "1 2", "'a'", "\"\xff\"", "01"}) {
        EXPECT_EQ(msgpack_of(text), "malformed") << text;
    }
}

TEST(MsgpackOfJson, NestsTo256) {
    const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
    EXPECT_EQ(msgpack_of(nested(256)).size(), 512U);
    EXPECT_EQ(msgpack_of(nested(257)), "malformed");
    EXPECT_EQ(msgpack_of(nested(1000000)), "malformed");
}

}  // namespace
}  // namespace chat_gateway::socketio::cluster
