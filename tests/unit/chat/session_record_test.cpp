#include <chat_gateway/chat/session_record.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace chat_gateway::chat {
namespace {

const std::string passport = "/passport/user";

std::optional<std::string> user_in(const std::string& record,
                                   const std::string& pointer = passport) {
    const auto user = user_of_record(record, pointer);
    EXPECT_TRUE(user) << record;
    return user ? *user : "(malformed)";
}
std::string with_user(const std::string& json) {
    return R"({"cookie":{},"passport":{"user":)" + json + "}}";
}

TEST(session_record, has_the_user_of_a_real_one) {
    EXPECT_EQ(
        user_in(R"({"cookie":{"originalMaxAge":5184000000,"expires":"2001-01-21T20:44:11.302Z",)"
                R"("secure":false,"httpOnly":true,"path":"/","sameSite":"lax"},)"
                R"("passport":{"user":"550e8400-e29b-41d4-a716-446655440000"}})"),
        "550e8400-e29b-41d4-a716-446655440000")
        << "expires is stale by design";
}

TEST(session_record, numbers_print_as_in_javascript) {
    EXPECT_EQ(user_in(with_user("42")), "42");
    EXPECT_EQ(user_in(with_user("0")), "0");
    EXPECT_EQ(user_in(with_user("-7")), "-7");
    EXPECT_EQ(user_in(with_user("-0")), "0");
    EXPECT_EQ(user_in(with_user("42.0")), "42");
    EXPECT_EQ(user_in(with_user("1e3")), "1000");
    EXPECT_EQ(user_in(with_user("9007199254740991")), "9007199254740991");
    EXPECT_EQ(user_in(with_user("9007199254740993")), "9007199254740992");
    EXPECT_EQ(user_in(with_user("1.5")), "1.5");
    EXPECT_EQ(user_in(with_user("1e21")), "1e+21");
}

TEST(session_record, nobody_is_logged_in) {
    EXPECT_EQ(user_in(R"({"cookie":{}})"), std::nullopt);
    EXPECT_EQ(user_in(R"({"cookie":{},"passport":{}})"), std::nullopt);
    EXPECT_EQ(user_in(R"({"cookie":{},"passport":"user"})"), std::nullopt);
    for (const auto* other : {"\"\"", "null", "true", "false", "{}", "[]", "{\"id\":1}", "[1]"}) {
        EXPECT_EQ(user_in(with_user(other)), std::nullopt) << other;
    }
}

TEST(session_record, its_cookie_is_not_looked_at) {
    for (const auto* cookie : {"", R"("cookie":null,)", R"("cookie":"c",)", R"("cookie":[],)",
                               R"("cookie":{"expires":"long ago"},)"}) {
        const auto record = std::string("{") + cookie + R"("passport":{"user":"u"}})";
        EXPECT_EQ(user_in(record), "u") << record;
    }
    EXPECT_EQ(user_in("{}"), std::nullopt);
}

TEST(session_record, malformed) {
    for (const auto* bad : {"", "x", "{", "null", "1", "\"s\"", "[]", R"({"cookie":{}} x)",
                            "{\"cookie\":{},\"a\":\"\xff\"}", R"({"cookie":{},"n":1e999})"}) {
        EXPECT_EQ(user_of_record(bad, passport).error(), errc::malformed) << bad;
    }
}

TEST(session_record, a_deeply_nested_one_is_only_malformed) {
    EXPECT_EQ(user_of_record(std::string(200000, '['), passport).error(), errc::malformed);
}

TEST(session_record, pointers_follow_rfc_6901) {
    const std::string record =
        R"({"cookie":{},"a/b":"slash","m~n":"tilde","~1":"both","":{"":"empty"},)"
        R"("l":["zero",{"x":"one"}]})";
    EXPECT_EQ(user_in(record, "/a~1b"), "slash");
    EXPECT_EQ(user_in(record, "/m~0n"), "tilde");
    EXPECT_EQ(user_in(record, "/~01"), "both");
    EXPECT_EQ(user_in(record, "//"), "empty");
    EXPECT_EQ(user_in(record, "/l/0"), "zero");
    EXPECT_EQ(user_in(record, "/l/1/x"), "one");
}

TEST(session_record, pointers_that_lead_nowhere_find_nobody) {
    const std::string record = R"({"cookie":{},"l":["zero"],"s":"text"})";
    for (const auto* pointer : {"", "l/0", "/l/1", "/l/00", "/l/-", "/l/+0", "/l/0x", "/l/",
                                "/l/-1", "/s/0", "/S", "/l/99999999999999999999", "/s/"}) {
        EXPECT_EQ(user_in(record, pointer), std::nullopt) << pointer;
    }
}

}  // namespace
}  // namespace chat_gateway::chat
