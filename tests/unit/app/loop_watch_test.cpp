#include "loop_watch.hpp"

#include "support/manual_scheduler.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <vector>

namespace chat_gateway::app {
namespace {

using std::chrono::seconds;

/// A loop that turns when it is told to.
struct fake_loop {
    std::deque<unique_function<void()>> tasks;
    void turn() {
        for (auto ready = std::exchange(tasks, {}); auto& task : ready)
            task();
    }
};

struct LoopWatch : testing::Test {
    loop_watch::post_function door(fake_loop& l) {
        return [&l](unique_function<void()> task) { l.tasks.push_back(std::move(task)); };
    }
    void turn_all() {
        for (auto* l : {&first, &second, &home})
            l->turn();
    }

    tests::manual_scheduler timers;
    fake_loop home, first, second;
    int alive = 0;
    loop_watch watch{
        timers, door(home), {door(first), door(second)}, seconds(5), [this] { ++alive; }};
};

TEST_F(LoopWatch, SaysSoOnceARoundWhileAllTurn) {
    watch.start();
    EXPECT_EQ(alive, 0);
    turn_all();
    EXPECT_EQ(alive, 1);
    turn_all();
    EXPECT_EQ(alive, 1);
    timers.advance(seconds(5));
    turn_all();
    EXPECT_EQ(alive, 2);
}

TEST_F(LoopWatch, ALoopThatHangsEndsIt) {
    watch.start();
    turn_all();
    for (int round = 0; round < 3; ++round) {
        timers.advance(seconds(5));
        first.turn();
        home.turn();
    }
    EXPECT_EQ(alive, 1);
    EXPECT_EQ(second.tasks.size(), 1U);  // nothing piles up

    second.turn();
    home.turn();
    EXPECT_EQ(alive, 2);
}

}  // namespace
}  // namespace chat_gateway::app
