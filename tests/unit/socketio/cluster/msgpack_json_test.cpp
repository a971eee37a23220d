#include "vectors.hpp"

#include <chat_gateway/socketio/cluster/msgpack_json.hpp>

#include <gtest/gtest.h>

#include <random>

namespace chat_gateway::socketio::cluster {
namespace {

/// JSON text of a value given in hex, or "malformed".
std::string json_of(std::string_view hex) {
    std::string out;
    std::vector<std::string> attachments;
    const auto bytes = from_hex(hex);
    const auto size = append_json(bytes, out, attachments);
    if (!size) return size.error() == errc::malformed ? "malformed" : size.error().message();
    EXPECT_EQ(*size, bytes.size());
    return out;
}

bool is_json(const std::string& text) {
    return nlohmann::json::accept(text);
}

TEST(MsgpackJson, PrintsWhatANodeServerSends) {
    for (const auto& row : recorded("values.json")) {
        std::string out;
        std::vector<std::string> attachments;
        const auto bytes = from_hex(row.at("msgpack").get<std::string>());
        const auto size = append_json(bytes, out, attachments);
        ASSERT_TRUE(size) << row.at("name");
        EXPECT_EQ(*size, bytes.size()) << row.at("name");
        EXPECT_EQ(out, row.at("json").get<std::string>()) << row.at("name");
        EXPECT_EQ(attachments, attachments_of(row)) << row.at("name");
    }
}

TEST(MsgpackJson, RefusesWhatNotepackRefuses) {
    for (const auto& row : recorded("malformed.json")) {
        EXPECT_EQ(json_of(row.at("msgpack").get<std::string>()), "malformed") << row.at("name");
    }
}

TEST(MsgpackJson, RefusesEveryValueThatIsCutShort) {
    for (const auto& row : recorded("values.json")) {
        const auto bytes = from_hex(row.at("msgpack").get<std::string>());
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            std::string out = "before";
            std::vector<std::string> attachments{"one"};
            const auto r = append_json(std::string_view(bytes).substr(0, size), out, attachments);
            ASSERT_FALSE(r) << row.at("name") << " cut to " << size;
            EXPECT_EQ(r.error(), errc::malformed);
            EXPECT_EQ(out, "before");
            EXPECT_EQ(attachments.size(), 1U);
        }
    }
}

TEST(MsgpackJson, PrintsJsonWhateverTheBytes) {
    std::mt19937 random(7);
    std::size_t read = 0;
    for (const auto& row : recorded("values.json")) {
        const auto original = from_hex(row.at("msgpack").get<std::string>());
        for (int i = 0; i < 200; ++i) {
            auto bytes = original;
            bytes[random() % bytes.size()] = static_cast<char>(random());
            std::string out;
            std::vector<std::string> attachments;
            if (!append_json(bytes, out, attachments)) continue;
            ++read;
            EXPECT_TRUE(is_json(out)) << to_hex(bytes) << " became " << out;
        }
    }
    EXPECT_GT(read, 1000U);
}

TEST(MsgpackJson, ReadsOneValueAndSaysWhereItEnds) {
    std::string out = "[1,";
    std::vector<std::string> attachments;
    const auto size = append_json("\x92\x02\x03\xc1 rest", out, attachments);
    ASSERT_TRUE(size);
    EXPECT_EQ(*size, 3U);
    EXPECT_EQ(out, "[1,[2,3]");
}

TEST(MsgpackJson, NumbersAttachmentsBehindThoseThatAreThere) {
    std::string out;
    std::vector<std::string> attachments{"zero"};
    // {b: <b>, 1: <a>}: the second comes first in JavaScript.
    ASSERT_TRUE(append_json("\x82\xa1z\xc4\x01z\xa1\x31\xc4\x01y", out, attachments));
    EXPECT_EQ(out, R"({"1":{"_placeholder":true,"num":1},"z":{"_placeholder":true,"num":2}})");
    EXPECT_EQ(attachments, (std::vector<std::string>{"zero", "y", "z"}));
}

TEST(MsgpackJson, NestsTo256) {
    const auto nested = [](std::string_view open, std::size_t depth, std::string_view core) {
        std::string hex;
        for (std::size_t i = 0; i < depth; ++i)
            hex += open;
        return hex.append(core);
    };
    EXPECT_EQ(json_of(nested("91", 255, "90")), std::string(256, '[') + std::string(256, ']'));
    EXPECT_EQ(json_of(nested("91", 256, "90")), "malformed");
    EXPECT_NE(json_of(nested("81a161", 255, "80")), "malformed");
    EXPECT_EQ(json_of(nested("81a161", 256, "80")), "malformed");
    EXPECT_EQ(json_of(nested("91", 1000000, "90")), "malformed");
}

TEST(MsgpackJson, RefusesKeysThatJavaScriptCannotName) {
    EXPECT_EQ(json_of("819001"), "malformed");                  // []
    EXPECT_EQ(json_of("818001"), "malformed");                  // {}
    EXPECT_EQ(json_of("81d6ff0000000001"), "malformed");        // a date
    EXPECT_EQ(json_of("81cb7ff800000000000001"), "malformed");  // NaN
}

TEST(MsgpackJson, RefusesATimestampOfAnotherLength) {
    EXPECT_EQ(json_of("c70bff0000000000000000000000"), "malformed");
    EXPECT_EQ(json_of("c70dff00000000000000000000000000"), "malformed");
}

TEST(MsgpackJson, KeepsDuplicateKeysForTheClientToResolve) {
    EXPECT_EQ(json_of("83a16101a16202a16103"), R"({"a":1,"b":2,"a":3})");
    EXPECT_EQ(json_of("83a13101a16202a13103"), R"({"1":1,"1":3,"b":2})");
}

TEST(MsgpackJson, DroppedMembersLeaveNoComma) {
    EXPECT_EQ(json_of("82a161d40000a162d40000"), "{}");
    EXPECT_EQ(json_of("9182a161d40000a131d40000"), "[{}]");
    EXPECT_EQ(json_of("83a16101a130d40000a16202"), R"({"a":1,"b":2})");
}

TEST(MsgpackJson, ReordersNestedMapsInLinearTime) {
    // Each level holds the next in front of an integer-like key: a reader that starts a map again
    // would double its work with every level.
    std::string hex;
    std::string expected = "{}";
    for (int i = 0; i < 250; ++i)
        hex += "82a161";
    hex += "80";
    for (int i = 0; i < 250; ++i) {
        hex += "a13101";
        expected = R"({"1":1,"a":)" + expected + "}";
    }
    EXPECT_EQ(json_of(hex), expected);
}

}  // namespace
}  // namespace chat_gateway::socketio::cluster
