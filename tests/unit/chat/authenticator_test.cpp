#include "fakes.hpp"

#include <chat_gateway/chat/authenticator.hpp>
#include <chat_gateway/chat/session_cookie.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::chat {
namespace {

using testing::ElementsAre;

constexpr const char* ann_logged_in = R"({"cookie":{},"passport":{"user":"ann"}})";

class authentication : public testing::Test {
protected:
    void authenticate(std::optional<std::string> cookie) {
        tested->authenticate(std::move(cookie),
                             [this](verdict v) { verdicts.push_back(std::move(v)); });
    }
    /// Up to the answer of the session store.
    void authenticate_session(const std::string& id) {
        authenticate(sign_session_cookie(id, "new secret"));
    }
    void answer_session(std::size_t call, std::optional<std::string> record) {
        sessions.loads.at(call).handler(std::move(record));
    }
    verdict only_verdict() {
        EXPECT_EQ(verdicts.size(), 1U);
        return verdicts.empty() ? verdict(refused{refusal::no_cookie}) : verdicts.front();
    }

    tests::held_sessions sessions;
    tests::held_directory directory;
    std::unique_ptr<authenticator> tested = std::make_unique<authenticator>(
        authenticator::options{{"new secret", "old secret"}, "/passport/user"}, sessions,
        directory);
    std::vector<verdict> verdicts;
};

TEST_F(authentication, a_session_of_an_active_user_is_an_identity) {
    authenticate_session("s1");
    ASSERT_EQ(sessions.loads.size(), 1U);
    EXPECT_EQ(sessions.loads[0].session_id, "s1");
    answer_session(0, ann_logged_in);
    ASSERT_EQ(directory.active.size(), 1U);
    EXPECT_THAT(directory.active[0].users, ElementsAre("ann"));
    EXPECT_TRUE(verdicts.empty());
    directory.active[0].handler(std::vector<std::string>{"ann"});
    EXPECT_EQ(only_verdict(), verdict(identity{"ann", "s1"}));
}

TEST_F(authentication, a_cookie_signed_with_the_old_secret_is_good) {
    authenticate(sign_session_cookie("s1", "old secret"));
    EXPECT_EQ(sessions.loads.size(), 1U);
}

TEST_F(authentication, nobody_is_looked_up_when_the_directory_does_not_restrict) {
    directory.restricts = false;
    authenticate_session("s1");
    answer_session(0, ann_logged_in);
    EXPECT_EQ(only_verdict(), verdict(identity{"ann", "s1"}));
    EXPECT_TRUE(directory.active.empty());
}

TEST_F(authentication, no_cookie) {
    authenticate(std::nullopt);
    EXPECT_EQ(only_verdict(), verdict(refused{refusal::no_cookie}));
}

TEST_F(authentication, bad_signature) {
    authenticate(sign_session_cookie("s1", "somebody's secret"));
    EXPECT_EQ(only_verdict(), verdict(refused{refusal::bad_signature}));
    EXPECT_TRUE(sessions.loads.empty()) << "the store is not asked for what anybody can make up";
}

TEST_F(authentication, an_empty_cookie_is_a_bad_signature) {
    authenticate("");
    EXPECT_EQ(only_verdict(), verdict(refused{refusal::bad_signature}));
}

TEST_F(authentication, no_session) {
    authenticate_session("gone");
    answer_session(0, std::nullopt);
    EXPECT_EQ(only_verdict(), verdict(refused{refusal::no_session}));
}

TEST_F(authentication, bad_record) {
    authenticate_session("s1");
    answer_session(0, "not JSON");
    EXPECT_EQ(only_verdict(), verdict(refused{refusal::bad_record}));
}

TEST_F(authentication, not_logged_in) {
    authenticate_session("s1");
    answer_session(0, R"({"cookie":{},"passport":{}})");
    EXPECT_EQ(only_verdict(), verdict(refused{refusal::not_logged_in}));
}

TEST_F(authentication, inactive_user) {
    authenticate_session("s1");
    answer_session(0, ann_logged_in);
    directory.active.at(0).handler(std::vector<std::string>{});
    EXPECT_EQ(only_verdict(), verdict(refused{refusal::inactive_user, "ann"}));
}

TEST_F(authentication, a_store_that_cannot_say_is_unavailable) {
    authenticate_session("s1");
    sessions.loads.at(0).handler(make_error_code(errc::timeout));
    EXPECT_EQ(only_verdict(),
              verdict(unavailable{"session store", make_error_code(errc::timeout)}));
}

TEST_F(authentication, a_database_that_cannot_say_is_unavailable) {
    authenticate_session("s1");
    answer_session(0, ann_logged_in);
    directory.active.at(0).handler(make_error_code(errc::unavailable));
    EXPECT_EQ(only_verdict(),
              verdict(unavailable{"database", make_error_code(errc::unavailable), "ann"}));
}

TEST_F(authentication, a_storm_asks_the_database_in_batches) {
    for (int i = 0; i < 5; ++i)
        authenticate_session("s" + std::to_string(i));
    for (std::size_t i = 0; i < 5; ++i) {
        answer_session(i, R"({"cookie":{},"passport":{"user":)" + std::to_string(i) + "}}");
    }
    ASSERT_EQ(directory.active.size(), 2U);
    directory.active[0].handler(std::vector<std::string>{"0"});
    EXPECT_THAT(directory.active.at(2).users, ElementsAre("2", "3", "4"));
    directory.active[2].handler(std::vector<std::string>{"4", "2"});
    EXPECT_THAT(verdicts,
                testing::UnorderedElementsAre(
                    verdict(identity{"0", "s0"}), verdict(identity{"2", "s2"}),
                    verdict(refused{refusal::inactive_user, "3"}), verdict(identity{"4", "s4"})));
}

TEST_F(authentication, answers_after_its_end_are_dropped) {
    authenticate_session("s1");
    authenticate_session("s2");
    answer_session(0, ann_logged_in);
    tested.reset();
    answer_session(1, ann_logged_in);
    directory.active.at(0).handler(std::vector<std::string>{"ann"});
    EXPECT_TRUE(verdicts.empty());
}

TEST_F(authentication, a_handler_may_end_it) {
    tested->authenticate(sign_session_cookie("s1", "new secret"), [this](verdict v) {
        tested.reset();
        verdicts.push_back(std::move(v));
    });
    answer_session(0, std::nullopt);
    EXPECT_EQ(only_verdict(), verdict(refused{refusal::no_session}));
}

TEST(refusals, have_names_for_the_log) {
    EXPECT_EQ(to_string(refusal::no_cookie), "no_cookie");
    EXPECT_EQ(to_string(refusal::bad_signature), "bad_signature");
    EXPECT_EQ(to_string(refusal::no_session), "no_session");
    EXPECT_EQ(to_string(refusal::bad_record), "bad_record");
    EXPECT_EQ(to_string(refusal::not_logged_in), "not_logged_in");
    EXPECT_EQ(to_string(refusal::inactive_user), "inactive_user");
}

}  // namespace
}  // namespace chat_gateway::chat
