#include "permission_questions.hpp"

#include "support/manual_scheduler.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::gateway {
namespace {

using namespace std::chrono_literals;

/// Answers when the test says so.
class slow_directory final : public chat::chat_directory {
public:
    using handler = unique_function<void(result<bool>)>;
    void chats_of_users(std::vector<std::string>,
                        unique_function<void(result<std::vector<chat::user_chat>>)>) override {}
    void can_view_chat(std::string user, std::string chat, handler done) override {
        asked.emplace_back(std::move(user) + ' ' + chat, std::move(done));
    }
    void is_no_chat(std::string name, handler done) override {
        asked.emplace_back(std::move(name), std::move(done));
    }
    void active_users(std::vector<std::string>,
                      unique_function<void(result<std::vector<std::string>>)>) override {}
    bool restricts_users() const override { return false; }
    void ping(unique_function<void(result<>)>) override {}

    std::vector<std::pair<std::string, handler>> asked;
};

class PermissionQuestions : public ::testing::Test {
protected:
    void ask(const std::string& chat) {
        under_test->can_view_chat("ada", chat, [this, chat](result<bool> answer) {
            std::string what = answer ? (*answer ? "yes" : "no") : answer.error().message();
            answers.push_back(chat + ": " + std::move(what));
        });
    }
    void fill() {
        for (std::size_t n = 0; n < permission_questions::most_under_way; ++n)
            ask("filler");
    }
    void answer(std::size_t n, bool yes) {
        auto done = std::move(directory.asked[n].second);
        done(result<bool>(boost::system::in_place_value, yes));
    }

    tests::manual_scheduler timers;
    slow_directory directory;
    std::vector<std::string> answers;
    std::optional<permission_questions> under_test{std::in_place, timers, directory};
};

TEST_F(PermissionQuestions, AreAskedAtOnceWhileTheyAreFew) {
    ask("a");
    under_test->is_no_chat("lobby", [this](result<bool> answer) {
        answers.push_back(answer.value() ? "no chat" : "perhaps");
    });
    ASSERT_EQ(directory.asked.size(), 2U);
    EXPECT_EQ(directory.asked[0].first, "ada a");
    EXPECT_EQ(directory.asked[1].first, "lobby");
    answer(1, true);
    answer(0, false);
    EXPECT_EQ(answers, (std::vector<std::string>{"no chat", "a: no"}));
    EXPECT_EQ(timers.pending(), 0U);
}

TEST_F(PermissionQuestions, WaitInLineForAPlace) {
    fill();
    ask("second");
    ask("third");
    EXPECT_EQ(directory.asked.size(), permission_questions::most_under_way);
    EXPECT_TRUE(answers.empty());
    answer(7, true);
    ASSERT_EQ(directory.asked.size(), permission_questions::most_under_way + 1);
    EXPECT_EQ(directory.asked.back().first, "ada second");
    answer(8, true);
    ASSERT_EQ(directory.asked.size(), permission_questions::most_under_way + 2);
    EXPECT_EQ(directory.asked.back().first, "ada third");
    answers.clear();
    answer(permission_questions::most_under_way + 1, true);
    EXPECT_EQ(answers, std::vector<std::string>{"third: yes"});
}

TEST_F(PermissionQuestions, DoNotWaitForLong) {
    fill();
    ask("early");
    timers.advance(1s);
    ask("late");
    timers.advance(permission_questions::patience - 1s - 1ms);
    EXPECT_TRUE(answers.empty());
    timers.advance(1ms);
    EXPECT_EQ(answers,
              std::vector<std::string>{"early: " + make_error_code(errc::timeout).message()});
    timers.advance(1s);
    EXPECT_EQ(answers.back(), "late: " + make_error_code(errc::timeout).message());
    answer(0, true);
    EXPECT_EQ(directory.asked.size(), permission_questions::most_under_way) << "they are gone";
    EXPECT_EQ(timers.pending(), 0U);
}

TEST_F(PermissionQuestions, NorInALineWithoutEnd) {
    fill();
    for (std::size_t n = 0; n < permission_questions::most_waiting; ++n)
        ask("waiting");
    EXPECT_TRUE(answers.empty());
    ask("one too many");
    EXPECT_EQ(answers, std::vector<std::string>{"one too many: " +
                                                make_error_code(errc::overloaded).message()});
}

TEST_F(PermissionQuestions, AreNotAnsweredBehindTheEnd) {
    fill();
    ask("waiting");
    under_test.reset();
    EXPECT_EQ(timers.pending(), 0U);
    answer(0, true);
    EXPECT_TRUE(answers.empty());
    EXPECT_EQ(directory.asked.size(), permission_questions::most_under_way);
}

}  // namespace
}  // namespace chat_gateway::gateway
