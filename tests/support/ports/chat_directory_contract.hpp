#pragma once

#include <chat_gateway/chat/ports/chat_directory.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <support/print_result.hpp>
#include <utility>
#include <vector>

/// What every chat_directory must do. A test file of an implementation includes this and
/// instantiates the suite:
///     INSTANTIATE_TEST_SUITE_P(memory, chat_directory_contract,
///     testing::Values(directory_factory{..}));
namespace chat_gateway::tests {

/// An implementation with the means to fill it, break it and wait for it.
class directory_under_test {
public:
    virtual ~directory_under_test() = default;
    virtual chat::chat_directory& directory() = 0;
    virtual void add_participants(const std::vector<chat::user_chat>& rows) = 0;
    virtual void remove_participant(const chat::user_chat& row) = 0;
    /// Whatever it reads from cannot be reached, until start().
    virtual void stop() = 0;
    virtual void start() = 0;
    /// Runs handlers until the condition holds; false if that took too long.
    virtual bool run_until(const std::function<bool()>& condition) = 0;
};

struct directory_factory {
    std::string name;
    /// With a list, only these users are active.
    std::function<std::unique_ptr<directory_under_test>(std::optional<std::vector<std::string>>)>
        make;
};
inline void PrintTo(const directory_factory& f, std::ostream* out) {
    *out << f.name;
}

/// A UUID, as ids of users (`a`) and chats (`c`) are in a real database.
inline std::string uuid(char kind, int n) {
    char text[37];
    std::snprintf(text, sizeof text, "%c0000000-0000-4000-8000-%012d", kind, n);
    return text;
}

class chat_directory_contract : public testing::TestWithParam<directory_factory> {
protected:
    using rows = std::vector<chat::user_chat>;
    using ids = std::vector<std::string>;

    void make(std::optional<ids> active = {}) { made_ = GetParam().make(std::move(active)); }
    directory_under_test& world() { return *made_; }

    /// Waits for the one answer of a call, which must not come from inside it.
    template <class T, class Call>
    result<T> answer_of(Call call) {
        auto answers = std::make_shared<std::vector<result<T>>>();
        call([answers](result<T> r) { answers->push_back(std::move(r)); });
        EXPECT_TRUE(answers->empty()) << "answered from inside the call";
        EXPECT_TRUE(made_->run_until([&] { return !answers->empty(); })) << "no answer";
        if (answers->empty())
            return {boost::system::in_place_error, make_error_code(errc::timeout)};
        EXPECT_EQ(answers->size(), 1U);
        return answers->front();
    }

    result<rows> chats(ids users) {
        auto r = answer_of<rows>(
            [&](auto h) { made_->directory().chats_of_users(users, std::move(h)); });
        if (r) std::sort(r->begin(), r->end());
        return r;
    }
    result<bool> can_view(const std::string& user, const std::string& chat) {
        return answer_of<bool>(
            [&](auto h) { made_->directory().can_view_chat(user, chat, std::move(h)); });
    }
    result<bool> is_no_chat(const std::string& name) {
        return answer_of<bool>([&](auto h) { made_->directory().is_no_chat(name, std::move(h)); });
    }
    result<ids> active(ids users) {
        auto r =
            answer_of<ids>([&](auto h) { made_->directory().active_users(users, std::move(h)); });
        if (r) std::sort(r->begin(), r->end());
        return r;
    }
    result<> ping() {
        return answer_of<void>([&](auto h) { made_->directory().ping(std::move(h)); });
    }

    const std::string ann = uuid('a', 1), bob = uuid('a', 2), eve = uuid('a', 3);
    const std::string chat1 = uuid('c', 1), chat2 = uuid('c', 2);
    /// Ids that a database with UUIDs cannot even parse.
    const ids unparsable{"not-a-uuid",
                         "",
                         "'; drop table chat_participants; --",
                         "{\"a\",\\b}",
                         std::string("nul\0byte", 8),
                         "\xff\xfe not UTF-8",
                         "NULL",
                         std::string(10000, 'x')};

private:
    std::unique_ptr<directory_under_test> made_;
};

TEST_P(chat_directory_contract, lists_the_chats_of_each_user) {
    make();
    world().add_participants({{ann, chat1}, {ann, chat2}, {bob, chat2}});
    EXPECT_EQ(chats({ann, bob}), (rows{{ann, chat1}, {ann, chat2}, {bob, chat2}}));
    EXPECT_EQ(chats({bob}), (rows{{bob, chat2}}));
}

TEST_P(chat_directory_contract, a_user_without_chats_has_no_rows) {
    make();
    world().add_participants({{ann, chat1}});
    EXPECT_EQ(chats({eve}), rows{});
    EXPECT_EQ(chats({eve, ann}), (rows{{ann, chat1}}));
    EXPECT_EQ(chats({}), rows{});
}

TEST_P(chat_directory_contract, sees_a_membership_come_and_go) {
    make();
    EXPECT_EQ(can_view(ann, chat1), false);
    world().add_participants({{ann, chat1}});
    EXPECT_EQ(can_view(ann, chat1), true);
    world().remove_participant({ann, chat1});
    EXPECT_EQ(can_view(ann, chat1), false);
    EXPECT_EQ(chats({ann}), rows{});
}

TEST_P(chat_directory_contract, only_participants_may_view_a_chat) {
    make();
    world().add_participants({{ann, chat1}, {bob, chat2}});
    EXPECT_EQ(can_view(ann, chat1), true);
    EXPECT_EQ(can_view(ann, chat2), false);
    EXPECT_EQ(can_view(eve, chat1), false);
    EXPECT_EQ(can_view(ann, uuid('c', 99)), false);
}

TEST_P(chat_directory_contract, an_id_that_cannot_be_parsed_may_view_nothing) {
    make();
    world().add_participants({{ann, chat1}});
    for (const auto& id : unparsable) {
        EXPECT_EQ(can_view(id, chat1), false) << id;
        EXPECT_EQ(can_view(ann, id), false) << id;
    }
    EXPECT_EQ(can_view(ann, chat1), true);
}

TEST_P(chat_directory_contract, a_name_that_cannot_be_parsed_is_no_chat) {
    make();
    world().add_participants({{ann, chat1}});
    for (const auto& name : unparsable)
        EXPECT_EQ(is_no_chat(name), true) << name;
    EXPECT_EQ(is_no_chat(chat1), false);
    world().remove_participant({ann, chat1});
    EXPECT_EQ(is_no_chat(chat1), false) << "a chat that nobody is in any more";
}

TEST_P(chat_directory_contract, ids_that_cannot_be_parsed_do_not_spoil_the_others) {
    make();
    world().add_participants({{ann, chat1}, {bob, chat2}});
    auto users = unparsable;
    users.insert(users.begin() + 1, ann);
    users.push_back(bob);
    EXPECT_EQ(chats(users), (rows{{ann, chat1}, {bob, chat2}}));
    EXPECT_EQ(chats(unparsable), rows{});
}

TEST_P(chat_directory_contract, answers_for_a_thousand_users_at_once) {
    make();
    rows all;
    ids users;
    for (int i = 0; i < 1000; ++i) {
        users.push_back(uuid('a', i));
        all.push_back({uuid('a', i), uuid('c', i / 10)});
        all.push_back({uuid('a', i), uuid('c', 5000 + i)});
    }
    world().add_participants(all);
    EXPECT_EQ(chats(users), all);
    users.insert(users.begin() + 500, "not-a-uuid");
    EXPECT_EQ(chats(users), all);
}

TEST_P(chat_directory_contract, everybody_is_active_unless_restricted) {
    make();
    EXPECT_FALSE(world().directory().restricts_users());
    EXPECT_EQ(active({ann, eve}), (ids{ann, eve}));
}

TEST_P(chat_directory_contract, names_the_active_among_the_asked) {
    make(ids{ann, bob});
    EXPECT_TRUE(world().directory().restricts_users());
    EXPECT_EQ(active({ann, eve}), ids{ann});
    EXPECT_EQ(active({eve}), ids{});
    auto users = unparsable;
    users.push_back(bob);
    EXPECT_EQ(active(users), ids{bob});
}

TEST_P(chat_directory_contract, nobody_is_active_when_the_list_is_empty) {
    make(ids{});
    EXPECT_TRUE(world().directory().restricts_users());
    EXPECT_EQ(active({ann}), ids{});
}

TEST_P(chat_directory_contract, says_unavailable_while_away_and_recovers) {
    make(ids{ann});
    world().add_participants({{ann, chat1}});
    ASSERT_TRUE(ping());
    world().stop();
    EXPECT_EQ(chats({ann}).error(), errc::unavailable);
    EXPECT_EQ(can_view(ann, chat1).error(), errc::unavailable);
    EXPECT_EQ(active({ann}).error(), errc::unavailable);
    EXPECT_EQ(ping().error(), errc::unavailable);
    world().start();
    EXPECT_TRUE(world().run_until([&] { return ping().has_value(); }));
    EXPECT_EQ(chats({ann}), (rows{{ann, chat1}}));
    EXPECT_EQ(can_view(ann, chat1), true);
    EXPECT_EQ(active({ann}), ids{ann});
}

}  // namespace chat_gateway::tests
