#include <chat_gateway/socketio/acks.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::socketio {
namespace {

using namespace std::chrono_literals;

class Acks : public ::testing::Test {
protected:
    static time_point at(std::chrono::milliseconds t) { return time_point{} + t; }
    std::string open(std::vector<slot_handle> receivers, std::chrono::milliseconds until = 1000ms) {
        return under_test.open(std::move(receivers), at(until),
                               [this](std::string args, const std::vector<std::string>&) {
                                   got.push_back(std::move(args));
                               });
    }
    void take(slot_handle from, const std::string& id, const std::string& args) {
        under_test.take(from, id, args, {});
    }

    const slot_handle first{7, 1};
    const slot_handle second{3, 2};
    acks under_test;
    std::vector<std::string> got;
};

TEST_F(Acks, EachReceiverIsHeardOnce) {
    const auto id = open({first, second});
    take(first, id, "[1]");
    take(first, id, "[2]");
    take(second, id, "[3]");
    take(second, id, "[4]");
    EXPECT_EQ(got, (std::vector<std::string>{"[1]", "[3]"}));
    EXPECT_EQ(under_test.next_deadline(), std::nullopt);
}

TEST_F(Acks, OthersAreNot) {
    const auto id = open({first});
    take(second, id, "[1]");
    take({first.index, first.generation + 1}, id, "[1]");
    take(first, "1" + id, "[1]");
    take(first, "x", "[1]");
    take(first, "", "[1]");
    take(first, "99999999999999999999999", "[1]");
    EXPECT_TRUE(got.empty());
}

TEST_F(Acks, EventsHaveIdsOfTheirOwn) {
    const auto a = open({first});
    const auto b = open({first});
    EXPECT_NE(a, b);
    take(first, b, "[\"b\"]");
    take(first, a, "[\"a\"]");
    EXPECT_EQ(got, (std::vector<std::string>{"[\"b\"]", "[\"a\"]"}));
}

TEST_F(Acks, AreNotWaitedForBeyondTheDeadline) {
    const auto id = open({first}, 10ms);
    const auto later = open({first}, 20ms);
    EXPECT_EQ(under_test.next_deadline(), at(10ms));
    under_test.give_up(at(10ms));
    take(first, id, "[1]");
    EXPECT_TRUE(got.empty());
    take(first, later, "[2]");
    EXPECT_EQ(got.size(), 1U);
}

TEST_F(Acks, AreBounded) {
    for (std::size_t i = 0; i < acks::max_open; ++i)
        ASSERT_FALSE(open({first}).empty());
    EXPECT_TRUE(open({first}).empty());
    under_test.give_up(at(1000ms));
    EXPECT_FALSE(open({first}).empty());
}

TEST(FirstElement, IsWhatStandsThere) {
    EXPECT_EQ(first_element("[]"), "");
    EXPECT_EQ(first_element(" [ ] "), "");
    EXPECT_EQ(first_element("[1]"), "1");
    EXPECT_EQ(first_element("[ 1.5e3 , 2]"), "1.5e3");
    EXPECT_EQ(first_element(R"(["a,]\"b",2])"), R"("a,]\"b")");
    EXPECT_EQ(first_element(R"(["\\",2])"), R"("\\")");
    EXPECT_EQ(first_element(R"([{"a":[1,2],"b":"}"},3])"), R"({"a":[1,2],"b":"}"})");
    EXPECT_EQ(first_element("[[[1],[2]],3]"), "[[1],[2]]");
    EXPECT_EQ(first_element("[null]"), "null");
}

TEST(WithAckId, AsksForAnAck) {
    EXPECT_EQ(with_ack_id(R"(2["e",1])", "17"), R"(217["e",1])");
    EXPECT_EQ(with_ack_id(R"(51-["e",{"_placeholder":true,"num":0}])", "0"),
              R"(51-0["e",{"_placeholder":true,"num":0}])");
}

}  // namespace
}  // namespace chat_gateway::socketio
