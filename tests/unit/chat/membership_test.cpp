#include "fakes.hpp"

#include <chat_gateway/chat/membership.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <support/manual_scheduler.hpp>
#include <utility>
#include <vector>

namespace chat_gateway::chat {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using strings = std::vector<std::string>;

class loading : public testing::Test {
protected:
    membership::load_id load(const std::string& user) {
        return tested->load(user, [this, user](result<strings> r) { note(user, r); });
    }
    void note(const std::string& user, const result<strings>& r) {
        told.push_back(user + (r ? testing::PrintToString(*r) : ": " + r.error().message()));
    }
    void answer(std::size_t call, std::vector<user_chat> rows) {
        directory.chats.at(call).handler(std::move(rows));
    }
    void fail(std::size_t call, errc e = errc::unavailable) {
        directory.chats.at(call).handler(make_error_code(e));
    }
    strings take_told() { return std::exchange(told, {}); }
    static std::string failed(const std::string& user, errc e = errc::unavailable) {
        return user + ": " + make_error_code(e).message();
    }

    tests::manual_scheduler timers;
    tests::held_directory directory;
    std::unique_ptr<membership> tested = std::make_unique<membership>(
        membership::options{.deadline = 5s, .first_retry = 1s, .longest_retry = 3s}, timers,
        directory);
    strings told;
};

TEST_F(loading, tells_the_users_chats) {
    EXPECT_NE(load("ann"), 0U);
    EXPECT_EQ(tested->pending(), 1U);
    ASSERT_EQ(directory.chats.size(), 1U);
    EXPECT_THAT(directory.chats[0].users, ElementsAre("ann"));
    EXPECT_THAT(told, IsEmpty());
    answer(0, {{"ann", "c1"}, {"ann", "c2"}});
    EXPECT_THAT(told, ElementsAre(R"(ann{ "c1", "c2" })"));
    EXPECT_EQ(tested->pending(), 0U);
    EXPECT_EQ(timers.pending(), 0U);
}

TEST_F(loading, no_chats_is_an_answer) {
    load("ann");
    answer(0, {});
    EXPECT_THAT(told, ElementsAre("ann{}"));
    EXPECT_EQ(tested->pending(), 0U);
}

TEST_F(loading, a_storm_is_a_few_queries) {
    for (const auto* user : {"a", "b", "c", "d", "d", "c"})
        load(user);
    ASSERT_EQ(directory.chats.size(), 2U);
    answer(0, {{"a", "c1"}});
    answer(1, {{"b", "c1"}});
    ASSERT_EQ(directory.chats.size(), 3U);
    EXPECT_THAT(directory.chats[2].users, ElementsAre("c", "d"));
    take_told();
    answer(2, {{"d", "c2"}, {"c", "c1"}, {"d", "c3"}});
    EXPECT_THAT(told, testing::UnorderedElementsAre(R"(c{ "c1" })", R"(c{ "c1" })",
                                                    R"(d{ "c2", "c3" })", R"(d{ "c2", "c3" })"));
}

TEST_F(loading, a_failed_read_is_told_once_and_tried_until_it_works) {
    load("ann");
    fail(0);
    EXPECT_THAT(take_told(), ElementsAre(failed("ann")));
    EXPECT_EQ(tested->pending(), 1U);
    timers.advance(1s);
    ASSERT_EQ(directory.chats.size(), 2U);
    fail(1, errc::timeout);
    timers.advance(2s);
    ASSERT_EQ(directory.chats.size(), 3U);
    EXPECT_THAT(told, IsEmpty()) << "of the failure it is told once";
    answer(2, {{"ann", "c1"}});
    EXPECT_THAT(told, ElementsAre(R"(ann{ "c1" })"));
    EXPECT_EQ(tested->pending(), 0U);
    timers.advance(1h);
    EXPECT_EQ(directory.chats.size(), 3U);
    EXPECT_EQ(told.size(), 1U);
}

TEST_F(loading, pauses_double_up_to_the_longest_and_have_jitter) {
    load("ann");
    std::size_t reads = 1;
    for (const auto pause : {1000ms, 2000ms, 3000ms, 3000ms}) {
        fail(reads - 1);
        timers.advance(pause / 2 - 1ms);
        EXPECT_EQ(directory.chats.size(), reads) << "not before half of " << pause.count() << " ms";
        timers.advance(pause / 2 + 2ms);
        EXPECT_EQ(directory.chats.size(), ++reads);
    }
}

TEST_F(loading, the_deadline_is_told_and_the_late_list_follows) {
    load("ann");
    timers.advance(5s - 1ms);
    EXPECT_THAT(told, IsEmpty());
    timers.advance(1ms);
    EXPECT_THAT(take_told(), ElementsAre(failed("ann", errc::timeout)));
    timers.advance(1min);
    EXPECT_EQ(directory.chats.size(), 1U) << "the first read is still out";
    answer(0, {{"ann", "c1"}});
    EXPECT_THAT(told, ElementsAre(R"(ann{ "c1" })"));
}

TEST_F(loading, a_failure_after_the_deadline_is_not_told_again) {
    load("ann");
    timers.advance(5s);
    take_told();
    fail(0);
    EXPECT_THAT(told, IsEmpty());
    timers.advance(1s);
    answer(1, {{"ann", "c1"}});
    EXPECT_THAT(told, ElementsAre(R"(ann{ "c1" })"));
}

TEST_F(loading, after_a_failed_read_the_deadline_says_nothing) {
    load("ann");
    fail(0);
    take_told();
    timers.advance(5s);
    EXPECT_THAT(told, IsEmpty());
}

TEST_F(loading, a_cancelled_load_is_not_told_anything) {
    const auto first = load("ann");
    const auto second = load("bob");
    fail(1);
    take_told();
    tested->cancel(first);
    tested->cancel(second);
    tested->cancel(second);
    tested->cancel(12345);
    EXPECT_EQ(tested->pending(), 0U);
    EXPECT_EQ(timers.pending(), 0U);
    answer(0, {{"ann", "c1"}});
    timers.advance(1h);
    EXPECT_THAT(told, IsEmpty());
    EXPECT_EQ(directory.chats.size(), 2U) << "nobody waits for a retry";
}

TEST_F(loading, cancelling_one_of_two_loads_of_a_user_leaves_the_other) {
    const auto first = load("ann");
    load("ann");
    tested->cancel(first);
    answer(0, {{"ann", "old"}});
    answer(1, {{"ann", "new"}});
    EXPECT_THAT(told, ElementsAre(R"(ann{ "new" })"));
}

TEST_F(loading, a_handler_may_cancel_when_told_of_the_failure) {
    membership::load_id id = 0;
    id = tested->load("ann", [&](const result<strings>& r) {
        note("ann", r);
        tested->cancel(id);
    });
    fail(0);
    EXPECT_THAT(told, ElementsAre(failed("ann")));
    EXPECT_EQ(tested->pending(), 0U);
    EXPECT_EQ(timers.pending(), 0U);
}

TEST_F(loading, a_handler_may_end_it) {
    for (int i = 0; i < 2; ++i) {
        tested->load("ann", [&](const result<strings>& r) {
            note("ann", r);
            tested.reset();
        });
    }
    fail(0);
    fail(1);
    timers.advance(1h);
    EXPECT_THAT(told, ElementsAre(failed("ann")));
    EXPECT_EQ(directory.chats.size(), 2U);
}

TEST_F(loading, answers_after_its_end_are_dropped) {
    load("ann");
    load("bob");
    fail(1);
    take_told();
    tested.reset();
    EXPECT_EQ(timers.pending(), 0U);
    answer(0, {{"ann", "c1"}});
    EXPECT_THAT(told, IsEmpty());
}

/// Breaks its promise and answers from inside the call.
class hasty_directory final : public chat_directory {
public:
    result<std::vector<user_chat>> answer = make_error_code(errc::overloaded);

    void chats_of_users(std::vector<std::string>,
                        unique_function<void(result<std::vector<user_chat>>)> handler) override {
        handler(answer);
    }
    void can_view_chat(std::string, std::string, unique_function<void(result<bool>)>) override {}
    void is_no_chat(std::string, unique_function<void(result<bool>)>) override {}
    void active_users(std::vector<std::string>, unique_function<void(result<strings>)>) override {}
    bool restricts_users() const override { return false; }
    void ping(unique_function<void(result<>)>) override {}
};

TEST_F(loading, is_never_told_from_inside_load) {
    hasty_directory hasty;
    tested = std::make_unique<membership>(membership::options{}, timers, hasty);
    load("ann");
    EXPECT_THAT(told, IsEmpty());
    timers.run();
    EXPECT_THAT(take_told(), ElementsAre(failed("ann", errc::overloaded)));
    hasty.answer = std::vector<user_chat>{{"ann", "c1"}};
    timers.advance(1s);
    EXPECT_THAT(told, ElementsAre(R"(ann{ "c1" })"));
}

}  // namespace
}  // namespace chat_gateway::chat
