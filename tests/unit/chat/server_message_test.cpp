#include <chat_gateway/chat/server_message.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <variant>
#include <vector>

namespace chat_gateway::chat {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using messages = std::vector<socketio::cluster::message>;

json valid() {
    return {{"chat_id", "c1"},    {"message_id", "m1"},           {"author", "ann"},
            {"content", "hello"}, {"timestamp", 1700000000000LL}, {"type", "message"}};
}
messages accepted(const std::string& text) {
    auto parsed = parse_server_messages(text);
    if (const auto* fault = std::get_if<std::string>(&parsed)) ADD_FAILURE() << *fault;
    return std::holds_alternative<messages>(parsed) ? std::get<messages>(parsed) : messages{};
}
std::string fault(const std::string& text) {
    auto parsed = parse_server_messages(text);
    return std::holds_alternative<std::string>(parsed) ? std::get<std::string>(parsed)
                                                       : "(accepted)";
}
std::string fault_with(const std::string& field, json value) {
    auto object = valid();
    object[field] = std::move(value);
    return fault(object.dump());
}
std::string packet_with(const std::string& field, const std::string& value) {
    auto text = valid().dump();
    const auto old = valid()[field].dump();
    const auto at = text.find("\"" + field + "\":" + old) + field.size() + 3;
    const auto parsed = accepted(text.replace(at, old.size(), value));
    return parsed.size() == 1 ? parsed[0].packet : "";
}

TEST(server_message, goes_to_its_chat_with_its_fields_in_order) {
    const auto one =
        accepted(R"({"type":"message","timestamp":1700000000000,"content":"hello","author":"ann",)"
                 R"("message_id":"m1","chat_id":"c1"})");
    socketio::cluster::message expected;
    expected.packet = R"(2["serverMessage",{"chat_id":"c1","message_id":"m1","author":"ann",)"
                      R"("content":"hello","timestamp":1700000000000,"type":"message"}])";
    expected.rooms = {"c1"};
    EXPECT_THAT(one, ElementsAre(expected));
}

TEST(server_message, an_array_is_many_in_its_order) {
    auto first = valid(), second = valid();
    second["chat_id"] = "c2";
    const auto both = accepted(json{first, second}.dump());
    ASSERT_EQ(both.size(), 2U);
    EXPECT_THAT(both[0].rooms, ElementsAre("c1"));
    EXPECT_THAT(both[1].rooms, ElementsAre("c2"));
    EXPECT_TRUE(accepted("[]").empty());
    EXPECT_TRUE(accepted(" [ ] ").empty());
}

TEST(server_message, as_many_as_the_body_holds) {
    auto many = json::array();
    for (int i = 0; i < 2500; ++i)
        many.push_back(valid());
    EXPECT_EQ(accepted(many.dump()).size(), 2500U);
}

TEST(server_message, an_author_may_be_null) {
    EXPECT_THAT(packet_with("author", "null"), testing::HasSubstr(R"("author":null,"content")"));
}

TEST(server_message, numbers_print_as_in_javascript) {
    const auto timestamp = [](const std::string& n) {
        const auto packet = packet_with("timestamp", n);
        const auto from = packet.find("\"timestamp\":") + 12;
        return packet.substr(from, packet.find(',', from) - from);
    };
    EXPECT_EQ(timestamp("0"), "0");
    EXPECT_EQ(timestamp("-5"), "-5");
    EXPECT_EQ(timestamp("1700000000000.0"), "1700000000000");
    EXPECT_EQ(timestamp("1.5"), "1.5");
    EXPECT_EQ(timestamp("1.7e12"), "1700000000000");
    EXPECT_EQ(timestamp("1e21"), "1e+21");
    EXPECT_EQ(timestamp("18446744073709551615"), "18446744073709551615");
}

TEST(server_message, text_prints_as_in_javascript) {
    EXPECT_THAT(
        packet_with("content",
                    R"("\u00e9 \ud83d\ude00 \u2028 \u007f \/ \" \\ \b\f\n\r\t \u0000\u001f")"),
        testing::HasSubstr(
            "\"content\":\"é 😀 \u2028 \x7f / \\\" \\\\ \\b\\f\\n\\r\\t \\u0000\\u001f\","));
    EXPECT_THAT(packet_with("content", R"("")"), testing::HasSubstr(R"("content":"",)"));
}

TEST(server_message, each_field_has_its_type) {
    const auto id = ": must be a string that is not empty";
    for (const auto& field : {"chat_id", "message_id"}) {
        for (const json& bad : {json(1), json(nullptr), json(""), json::array()}) {
            EXPECT_EQ(fault_with(field, bad), field + std::string(id));
        }
        EXPECT_EQ(fault_with(field, std::string(1000, 'x')), "(accepted)");
    }
    EXPECT_EQ(fault_with("author", 1), "author: must be a string or null");
    EXPECT_EQ(fault_with("content", nullptr), "content: must be a string");
    EXPECT_EQ(fault_with("type", false), "type: must be a string");
    EXPECT_EQ(fault_with("timestamp", "2026-11-22T20:46:14.383Z"), "timestamp: must be a number");
    EXPECT_EQ(fault_with("timestamp", nullptr), "timestamp: must be a number");
    EXPECT_EQ(fault_with("timestamp", true), "timestamp: must be a number");
}

TEST(server_message, every_field_is_required) {
    const auto sent = valid();
    for (const auto& [field, value] : sent.items()) {
        auto object = valid();
        object.erase(field);
        EXPECT_THAT(fault(object.dump()), testing::StartsWith(field + ": is missing, must be a "));
    }
}

TEST(server_message, other_fields_are_passed_on_behind_the_six) {
    auto object = valid();
    object["room"] = "c2";
    object["a \"b\""] = {{"list", {1.0, nullptr, "x"}}};
    const auto one = accepted(object.dump());
    ASSERT_EQ(one.size(), 1U);
    EXPECT_THAT(one[0].rooms, ElementsAre("c1"));
    EXPECT_THAT(one[0].packet, testing::StartsWith(R"(2["serverMessage",{"chat_id":"c1",)"));
    EXPECT_THAT(one[0].packet,
                testing::EndsWith(R"("type":"message","a \"b\"":{"list":[1.0,null,"x"]},)"
                                  R"("room":"c2"}])"));
}

TEST(server_message, other_fields_are_not_nested_without_end) {
    const auto nested = [](std::size_t deep) {
        auto text = valid().dump();
        text.back() = ',';
        return text + "\"more\":" + std::string(deep, '[') + std::string(deep, ']') + '}';
    };
    EXPECT_EQ(accepted(nested(64)).size(), 1U);
    EXPECT_EQ(fault(nested(65)), "a further field: is nested deeper than 64");
    EXPECT_EQ(fault('[' + nested(200000) + ']'), "[0].a further field: is nested deeper than 64");
}

TEST(server_message, a_fault_names_its_element) {
    auto bad = valid();
    bad["timestamp"] = "now";
    EXPECT_EQ(fault(json{valid(), valid(), valid(), bad}.dump()),
              "[3].timestamp: must be a number");
    EXPECT_EQ(fault("[1]"), "[0]: must be an object");
    EXPECT_EQ(fault(json{valid(), json::array()}.dump()), "[1]: must be an object");
}

TEST(server_message, what_is_no_json_is_refused) {
    for (const auto* bad :
         {"", "{", "nonsense", "null", "1", "\"s\"", "{} {}", "[\"\xff\"]", "[1e999]"}) {
        EXPECT_EQ(fault(bad), "body: must be JSON, one object or an array of objects") << bad;
    }
    EXPECT_EQ(fault(std::string(200000, '[')),
              "body: must be JSON, one object or an array of objects");
}

}  // namespace
}  // namespace chat_gateway::chat
