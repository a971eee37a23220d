#include "handshake_gate.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace chat_gateway::gateway {
namespace {

using namespace std::chrono_literals;
using verdict = handshake_gate::verdict;

class HandshakeGate : public testing::Test {
protected:
    metrics figures;
    metrics_block& counts = figures.make_block();
    std::unique_ptr<handshake_gate> gate = std::make_unique<handshake_gate>(
        handshake_bounds{.most = 4, .crowd = 2, .patience = 100ms}, counts);
    const time_point begin{};
};

TEST_F(HandshakeGate, LetsInUpToItsBound) {
    std::vector<std::unique_ptr<handshake_gate::pass>> passes;
    while (passes.size() < 4) {
        ASSERT_EQ(gate->judge(begin), verdict::open);
        passes.push_back(gate->enter(begin));
    }
    EXPECT_EQ(gate->judge(begin), verdict::too_many);
    EXPECT_EQ(counts.load(metric::handshakes_under_way), 4U);
    passes.pop_back();
    EXPECT_EQ(gate->judge(begin), verdict::open);
    EXPECT_EQ(counts.load(metric::handshakes_under_way), 3U);
}

TEST_F(HandshakeGate, NobodyQueuesBehindOneThatWaitsForLong) {
    auto first = gate->enter(begin);
    auto second = gate->enter(begin + 50ms);
    EXPECT_EQ(gate->judge(begin + 100ms), verdict::open);
    EXPECT_EQ(gate->judge(begin + 101ms), verdict::too_slow);
    first.reset();
    auto third = gate->enter(begin + 101ms);
    EXPECT_EQ(gate->judge(begin + 150ms), verdict::open) << "the second is the oldest now";
    EXPECT_EQ(gate->judge(begin + 151ms), verdict::too_slow);
}

TEST_F(HandshakeGate, OneThatHangsHoldsUpNobody) {
    const auto hanging = gate->enter(begin);
    EXPECT_EQ(gate->judge(begin + 1h), verdict::open);
}

TEST_F(HandshakeGate, TheOldestIsKnownInWhateverOrderTheyEnd) {
    auto a = gate->enter(begin);
    auto b = gate->enter(begin + 1ms);
    auto c = gate->enter(begin + 2ms);
    b.reset();
    EXPECT_EQ(gate->longest(begin + 10ms), 10ms);
    a.reset();
    EXPECT_EQ(gate->longest(begin + 10ms), 8ms);
    auto d = gate->enter(begin + 3ms);
    c.reset();
    EXPECT_EQ(gate->longest(begin + 10ms), 7ms);
    d.reset();
    EXPECT_EQ(gate->longest(begin + 10ms), 0ms);
    EXPECT_EQ(gate->size(), 0U);
}

TEST_F(HandshakeGate, APassMayEndAfterTheGate) {
    auto pass = gate->enter(begin);
    gate.reset();
    pass.reset();
    EXPECT_EQ(counts.load(metric::handshakes_under_way), 0U);
}

}  // namespace
}  // namespace chat_gateway::gateway
