#include "support/manual_scheduler.hpp"

#include <chat_gateway/memory/memory.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace chat_gateway::tests {
namespace {

using chat::user_chat;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MemoryChatDirectory : public ::testing::Test {
protected:
    template <class T, class Ask>
    result<T> wait(Ask ask) {
        std::optional<result<T>> answer;
        ask([&](result<T> r) { answer = std::move(r); });
        EXPECT_FALSE(answer.has_value()) << "answered from inside the call";
        timers_.run();
        EXPECT_TRUE(answer.has_value());
        return std::move(*answer);
    }
    result<std::vector<user_chat>> chats(std::vector<std::string> users) {
        return wait<std::vector<user_chat>>(
            [&](auto done) { directory_.chats_of_users(users, std::move(done)); });
    }
    result<bool> can_view(std::string user, std::string chat) {
        return wait<bool>(
            [&](auto done) { directory_.can_view_chat(user, chat, std::move(done)); });
    }
    result<std::vector<std::string>> active(std::vector<std::string> users) {
        return wait<std::vector<std::string>>(
            [&](auto done) { directory_.active_users(users, std::move(done)); });
    }

    manual_scheduler timers_;
    memory::chat_directory directory_{timers_};
};

TEST_F(MemoryChatDirectory, ListsTheChatsOfEachUserAskedFor) {
    directory_.add_participant("u1", "a");
    directory_.add_participant("u1", "b");
    directory_.add_participant("u2", "b");
    directory_.add_participant("u3", "c");
    EXPECT_THAT(*chats({"u2", "u1", "nobody", "u2"}),
                ElementsAre(user_chat{"u1", "a"}, user_chat{"u1", "b"}, user_chat{"u2", "b"}));
    EXPECT_THAT(*chats({}), IsEmpty());
}

TEST_F(MemoryChatDirectory, AUserMayViewTheChatsThatTheyAreIn) {
    directory_.add_participant("u1", "a");
    EXPECT_TRUE(*can_view("u1", "a"));
    EXPECT_FALSE(*can_view("u1", "b"));
    EXPECT_FALSE(*can_view("u2", "a"));
    directory_.remove_participant("u1", "a");
    EXPECT_FALSE(*can_view("u1", "a"));
}

TEST_F(MemoryChatDirectory, EverybodyIsActiveUntilSomebodyIsNamed) {
    EXPECT_FALSE(directory_.restricts_users());
    EXPECT_THAT(*active({"u1", "u2"}), ElementsAre("u1", "u2"));
    directory_.set_active_users({"u2"});
    EXPECT_TRUE(directory_.restricts_users());
    EXPECT_THAT(*active({"u1", "u2"}), ElementsAre("u2"));
    directory_.set_active_users({});
    EXPECT_THAT(*active({"u1", "u2"}), IsEmpty());
}

TEST_F(MemoryChatDirectory, WhileUnavailableEveryAnswerSaysSo) {
    directory_.add_participant("u1", "a");
    const auto ping = [&] {
        return wait<void>([&](auto done) { directory_.ping(std::move(done)); });
    };
    EXPECT_TRUE(ping().has_value());
    directory_.set_available(false);
    EXPECT_EQ(chats({"u1"}).error(), errc::unavailable);
    ASSERT_FALSE(can_view("u1", "a").has_value());
    EXPECT_EQ(can_view("u1", "a").error(), errc::unavailable);
    EXPECT_EQ(active({"u1"}).error(), errc::unavailable);
    EXPECT_EQ(ping().error(), errc::unavailable);
    directory_.set_available(true);
    EXPECT_TRUE(*can_view("u1", "a"));
}

}  // namespace
}  // namespace chat_gateway::tests
