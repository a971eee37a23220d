#include <chat_gateway/socketio/visit_marks.hpp>

#include <gtest/gtest.h>

namespace chat_gateway::socketio {
namespace {

TEST(VisitMarks, OncePerWalk) {
    visit_marks<> marks;
    marks.reserve_for(2);
    marks.new_walk();
    EXPECT_TRUE(marks.mark(0));
    EXPECT_FALSE(marks.mark(0));
    EXPECT_TRUE(marks.mark(1));
    marks.new_walk();
    EXPECT_TRUE(marks.mark(0));
    EXPECT_FALSE(marks.mark(0));
}

TEST(VisitMarks, NewMembersAreUnmarkedInTheMiddleOfAWalk) {
    visit_marks<> marks;
    marks.reserve_for(1);
    marks.new_walk();
    EXPECT_TRUE(marks.mark(0));
    marks.reserve_for(3);
    marks.reserve_for(2);
    EXPECT_FALSE(marks.mark(0));
    EXPECT_TRUE(marks.mark(2));
}

TEST(VisitMarks, OldMarksStayForgottenWhenStampsStartOver) {
    visit_marks<std::uint8_t> marks;
    marks.reserve_for(300);
    for (std::size_t walk = 0; walk < 300; ++walk) {
        marks.new_walk();
        EXPECT_TRUE(marks.mark(walk));
        EXPECT_FALSE(marks.mark(walk));
        EXPECT_TRUE(marks.mark((walk + 1) % 300)) << walk;
    }
    for (std::size_t walk = 0; walk < 600; ++walk) {
        marks.new_walk();
        for (std::size_t m = 0; m < 300; ++m)
            EXPECT_TRUE(marks.mark(m)) << walk;
    }
}

}  // namespace
}  // namespace chat_gateway::socketio
