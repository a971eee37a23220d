#include "user_registry.hpp"

#include <gmock/gmock.h>

namespace chat_gateway::gateway {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST(UserRegistry, FindsASocketByUserAndBySession) {
    user_registry users;
    EXPECT_TRUE(users.enter(1, "ann", "s1"));
    EXPECT_FALSE(users.enter(2, "ann", "s1"));
    EXPECT_TRUE(users.enter(5, "ann", "s2"));
    EXPECT_TRUE(users.enter(3, "bob", "s3"));
    EXPECT_THAT(users.sockets_of("ann"), UnorderedElementsAre(1, 2, 5));
    EXPECT_THAT(users.sockets_of(chat::login{"ann", "s1"}), UnorderedElementsAre(1, 2));
    EXPECT_THAT(users.sockets_of(chat::login{"bob", "s1"}), IsEmpty());
    EXPECT_THAT(users.sockets_of("nobody"), IsEmpty());
    EXPECT_EQ(users.user_count(), 2U);
}

TEST(UserRegistry, FindsAUserByTheHashOfItsId) {
    const std::hash<std::string_view> hash;
    user_registry users;
    (void)users.enter(1, "ann", "s1");
    (void)users.enter(2, "bob", "s2");
    EXPECT_EQ(users.user_of(hash("ann")), "ann");
    EXPECT_EQ(users.user_of(hash("bob")), "bob");
    EXPECT_EQ(users.user_of(hash("carl")), "");
    (void)users.leave(1);
    EXPECT_EQ(users.user_of(hash("ann")), "");
}

TEST(UserRegistry, SaysWhichSocketOfASessionWasTheLast) {
    user_registry users;
    (void)users.enter(1, "ann", "s1");
    (void)users.enter(2, "ann", "s1");
    (void)users.enter(3, "ann", "s2");
    EXPECT_FALSE(users.leave(1));
    EXPECT_FALSE(users.leave(1)) << "gone already";
    EXPECT_TRUE(users.leave(2));
    EXPECT_THAT(users.sockets_of("ann"), UnorderedElementsAre(3));
    EXPECT_TRUE(users.leave(3));
    EXPECT_EQ(users.user_count(), 0U);
    EXPECT_FALSE(users.leave(99));
}

TEST(UserRegistry, SocketsOfASessionShareItsIds) {
    user_registry users;
    (void)users.enter(1, "a user with a long id", "s1");
    (void)users.enter(2, "a user with a long id", "s1");
    EXPECT_EQ(users.login_of(1), users.login_of(2));
    EXPECT_EQ(users.login_of(7), nullptr);
}

// The names of users are kept in their sockets' logins: whichever goes first, the others are found.
TEST(UserRegistry, AUserIsFoundWhicheverOfTheSessionsGoesFirst) {
    for (const socketio::member_id first : {0U, 1U, 2U}) {
        user_registry users;
        for (const socketio::member_id m : {0U, 1U, 2U})
            (void)users.enter(m, "a user with a long id", "s" + std::to_string(m));
        (void)users.leave(first);
        EXPECT_EQ(users.sockets_of("a user with a long id").size(), 2U);
        EXPECT_TRUE(users.enter(first, "a user with a long id", "another"));
        EXPECT_EQ(users.sockets_of("a user with a long id").size(), 3U);
        EXPECT_EQ(users.user_count(), 1U);
    }
}

}  // namespace
}  // namespace chat_gateway::gateway
