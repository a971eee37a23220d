#include <chat_gateway/chat/client_events.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace chat_gateway::chat {
namespace {

std::string with_id(const std::string& id) {
    return R"([{"chat_id":")" + id + R"("}])";
}

TEST(client_events, have_a_chat_id) {
    EXPECT_EQ(chat_id_of(with_id("c1")), "c1");
    EXPECT_EQ(chat_id_of(R"([{"x":[1,{}],"chat_id":"c1"}, "more", 2])"), "c1");
    EXPECT_EQ(chat_id_of(R"([{"chat_id":"\u00e9 \ud83d\ude00"}])"), "é 😀");
}

TEST(client_events, an_id_has_1_to_256_bytes) {
    EXPECT_EQ(chat_id_of(with_id("")), std::nullopt);
    EXPECT_EQ(chat_id_of(with_id(std::string(max_chat_id, 'x'))), std::string(max_chat_id, 'x'));
    EXPECT_EQ(chat_id_of(with_id(std::string(max_chat_id + 1, 'x'))), std::nullopt);
    std::string e_acute;
    for (int i = 0; i < 129; ++i)
        e_acute += "é";
    EXPECT_EQ(chat_id_of(with_id(e_acute)), std::nullopt) << "bytes, not characters";
}

TEST(client_events, anything_else_is_malformed) {
    for (const auto* bad :
         {"", "[]", "{}", "null", "[null]", "[\"c1\"]", "[{}]", "[[{\"chat_id\":\"c\"}]]",
          R"({"chat_id":"c"})", R"([{"chat_id":1}])", R"([{"chat_id":null}])",
          R"([{"chat_id":["c"]}])", R"([{"Chat_id":"c"}])", R"([1,{"chat_id":"c"}])",
          R"([{"chat_id":"c"})", R"([{"chat_id":"c"}]])", R"([{"chat_id":"\ud800"}])",
          "[{\"chat_id\":\"\xff\"}]"}) {
        EXPECT_EQ(chat_id_of(bad), std::nullopt) << bad;
    }
}

TEST(client_events, a_long_list_is_refused_unread) {
    const auto padded = [](std::size_t size) {
        const auto json = with_id("c1");
        return json + std::string(size - json.size(), ' ');
    };
    EXPECT_EQ(chat_id_of(padded(max_event_args)), "c1");
    EXPECT_EQ(chat_id_of(padded(max_event_args + 1)), std::nullopt);
}

}  // namespace
}  // namespace chat_gateway::chat
