#include "cluster_topology.hpp"

#include "fake_cluster.hpp"
#include "support/run_until.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace chat_gateway::redis {
namespace {

using tests::run_dry;
using tests::run_until;
using namespace std::chrono_literals;

class RedisClusterTopology : public ::testing::Test {
protected:
    struct witness final : topology_watcher {
        void on_map(const slot_map& map) override { maps.push_back(map); }
        void on_no_map() override { ++none; }
        std::vector<slot_map> maps;
        int none = 0;
    };

    void TearDown() override {
        if (subject_) subject_->stop();
        cluster_.close();
        run_dry(loop_);
    }
    void start(std::vector<std::size_t> seeds, topology_options o = quick()) {
        std::vector<node_address> addresses;
        for (const auto i : seeds)
            addresses.push_back(address(i));
        connection_options c;
        c.link.retry = backoff(1ms, 5ms);
        c.command_timeout = 500ms;
        subject_ = std::make_shared<cluster_topology>(
            loop_, std::move(addresses), std::make_shared<cluster_nodes>(loop_, url(), c), o);
        subject_->watch(watcher_);
        subject_->start();
    }
    static topology_options quick() {
        topology_options o;
        o.patience = 20ms;
        o.retry = backoff(1ms, 5ms);
        return o;
    }
    [[nodiscard]] node_address address(std::size_t i) const {
        return {"127.0.0.1", static_cast<std::uint16_t>(cluster_.ports[i])};
    }
    [[nodiscard]] int asked() const {
        return std::accumulate(cluster_.asked.begin(), cluster_.asked.end(), 0);
    }
    void wait_for_map() {
        run_until(loop_, [&] { return !watcher_->maps.empty(); });
    }

    boost::asio::io_context loop_;
    fake_cluster cluster_{loop_};
    std::shared_ptr<witness> watcher_ = std::make_shared<witness>();
    std::shared_ptr<cluster_topology> subject_;
};

TEST_F(RedisClusterTopology, ASeedTellsTheMap) {
    start({1});
    EXPECT_EQ(subject_->map(), nullptr);
    wait_for_map();
    ASSERT_EQ(watcher_->maps.size(), 1U);
    EXPECT_EQ(watcher_->maps[0].masters().size(), 3U);
    EXPECT_EQ(*subject_->map()->master_of(6000), address(1));
    EXPECT_EQ(asked(), 1);
}

TEST_F(RedisClusterTopology, ANodeThatSaysNothingHoldsNobodyUp) {
    cluster_.told[0] = "";
    cluster_.told[2] = "-ERR This instance has cluster support disabled\r\n";
    start({0, 2, 1});
    wait_for_map();
    EXPECT_EQ(cluster_.asked[1], 1);
}

TEST_F(RedisClusterTopology, WhatANodeSaysThatIsCutOffCountsOnlyIfNoOtherCanBeAsked) {
    cluster_.cut_off = {true, false, true};
    cluster_.told[0] = cluster_.told[2] = cluster_.ranges({0, 0, 0});
    start({0, 1, 2});
    wait_for_map();
    EXPECT_EQ(subject_->map()->masters().size(), 3U);
}

TEST_F(RedisClusterTopology, ACutOffNodeIsBetterThanNone) {
    cluster_.cut_off = {true, true, true};
    start({0, 1, 2});
    wait_for_map();
    EXPECT_EQ(asked(), 3) << "all had been asked before";
}

TEST_F(RedisClusterTopology, GoesOnWhenNobodyKnows) {
    for (auto& told : cluster_.told)
        told = "*0\r\n";  // a node that has just started
    start({0, 1, 2});
    run_until(loop_, [&] { return watcher_->none >= 3; });
    EXPECT_EQ(subject_->map(), nullptr);
    cluster_.told[1] = cluster_.ranges({0, 1, 2});
    wait_for_map();
}

TEST_F(RedisClusterTopology, ADoubtIsLookedIntoAndOnlyNewsAreTold) {
    start({0});
    wait_for_map();
    subject_->doubt();
    run_until(loop_, [&] { return asked() >= 3; });
    EXPECT_EQ(watcher_->maps.size(), 1U);
    for (auto& told : cluster_.told)
        told = cluster_.ranges({0, 0, 2});
    subject_->doubt();
    run_until(loop_, [&] { return watcher_->maps.size() == 2; });
    EXPECT_FALSE(subject_->map()->has(address(1)));
}

TEST_F(RedisClusterTopology, InQuietTimesItAsksNowAndThen) {
    auto o = quick();
    o.calm = 40ms;
    o.doubt = 0ms;
    start({0}, o);
    wait_for_map();
    for (auto& told : cluster_.told)
        told = cluster_.ranges({2, 1, 0});
    run_until(loop_, [&] { return watcher_->maps.size() == 2; });
}

TEST_F(RedisClusterTopology, TheSeedsAreAskedAgainWhenAllMastersAreGone) {
    start({0});
    wait_for_map();
    // All slots are at 1 and 2, which then die.
    for (auto& told : cluster_.told)
        told = cluster_.ranges({1, 1, 2});
    subject_->doubt();
    run_until(loop_, [&] { return watcher_->maps.size() == 2; });
    cluster_.nodes[1].close();
    cluster_.nodes[2].close();
    for (auto& told : cluster_.told)
        told = cluster_.ranges({0, 0, 0});
    subject_->doubt();
    run_until(loop_, [&] { return watcher_->maps.size() == 3; });
    EXPECT_EQ(subject_->map()->masters().size(), 1U);
}

}  // namespace
}  // namespace chat_gateway::redis
