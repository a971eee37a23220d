#include "connect_gate.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace chat_gateway::postgres {
namespace {

using namespace std::chrono_literals;

constexpr connect_gate::options pauses{100ms, 400ms};

TEST(connect_gate, everybody_may_try_while_the_server_answers) {
    connect_gate gate(pauses);
    EXPECT_TRUE(gate.may_try({}));
    EXPECT_TRUE(gate.may_try({}));
    EXPECT_FALSE(gate.succeeded()) << "it was not away";
}

TEST(connect_gate, a_failure_closes_it_for_a_while_and_then_one_may_try) {
    connect_gate gate(pauses);
    const time_point start{};
    ASSERT_TRUE(gate.may_try(start));
    EXPECT_TRUE(gate.failed(start));
    EXPECT_FALSE(gate.may_try(start + 49ms));
    EXPECT_TRUE(gate.may_try(start + 100ms));
    EXPECT_FALSE(gate.may_try(start + 100ms)) << "somebody is trying";
}

TEST(connect_gate, success_opens_it_for_all) {
    connect_gate gate(pauses);
    gate.failed({});
    ASSERT_TRUE(gate.may_try(time_point{} + 100ms));
    EXPECT_TRUE(gate.succeeded());
    EXPECT_TRUE(gate.may_try(time_point{} + 100ms));
    EXPECT_TRUE(gate.may_try(time_point{} + 100ms));
    EXPECT_TRUE(gate.failed({})) << "the next outage is a new one";
}

TEST(connect_gate, pauses_double_up_to_the_longest) {
    connect_gate gate(pauses);
    time_point now{};
    gate.failed(now);
    now += 100ms;
    for (const auto pause : {200ms, 400ms, 400ms}) {
        ASSERT_TRUE(gate.may_try(now));
        EXPECT_FALSE(gate.failed(now)) << "the outage is known";
        EXPECT_FALSE(gate.may_try(now + pause / 2 - 1ms));
        now += pause;
    }
    EXPECT_TRUE(gate.may_try(now));
}

TEST(connect_gate, failures_of_tries_begun_before_the_outage_count_once) {
    connect_gate gate(pauses);
    const time_point start{};
    EXPECT_TRUE(gate.failed(start));
    EXPECT_FALSE(gate.failed(start));
    EXPECT_FALSE(gate.failed(start));
    EXPECT_TRUE(gate.may_try(start + 100ms));
}

}  // namespace
}  // namespace chat_gateway::postgres
