#include "user_registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chat_gateway::gateway {
namespace {

using testing::UnorderedElementsAre;

TEST(UserRegistry, KnowsAUsersSocketsBySession) {
    user_registry r;
    live_session& desk = r.add("ann", "desk", 1);
    EXPECT_EQ(&r.add("ann", "desk", 2), &desk);
    live_session& phone = r.add("ann", "phone", 3);
    r.add("bob", "desk", 4);
    EXPECT_EQ(r.user_count(), 2U);
    EXPECT_EQ(r.session_count(), 3U);
    EXPECT_THAT(r.find("ann")->sockets(), UnorderedElementsAre(1, 2, 3));
    EXPECT_THAT(phone.sockets, UnorderedElementsAre(3));
    EXPECT_EQ(*desk.user->id, "ann");
    EXPECT_EQ(r.find("cid"), nullptr);
}

TEST(UserRegistry, ForgetsWhoHasNoSockets) {
    user_registry r;
    live_session& desk = r.add("ann", "desk", 1);
    r.add("ann", "desk", 2);
    live_session& phone = r.add("ann", "phone", 3);
    r.remove(desk, 1);
    r.remove(desk, 7);
    EXPECT_THAT(r.find("ann")->sockets(), UnorderedElementsAre(2, 3));
    r.remove(desk, 2);
    EXPECT_EQ(r.session_count(), 1U);
    r.remove(phone, 3);
    EXPECT_EQ(r.find("ann"), nullptr);
    EXPECT_EQ(r.user_count(), 0U);
    EXPECT_EQ(r.session_count(), 0U);
}

}  // namespace
}  // namespace chat_gateway::gateway
