#include "bus_watch.hpp"

#include "support/manual_scheduler.hpp"

#include <chat_gateway/memory/memory.hpp>

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace chat_gateway::gateway {
namespace {

using namespace std::chrono_literals;

/// Answers probes when the test says so.
class slow_bus final : public chat::message_bus {
public:
    void start(handlers) override {}
    void subscribe(std::vector<std::string>, done_handler) override {}
    void unsubscribe(const std::vector<std::string>&) override {}
    void publish(std::vector<socketio::cluster::message>, done_handler) override {}
    void ask(socketio::cluster::request, done_handler) override {}
    void answer(const socketio::cluster::request&, socketio::cluster::response) override {}
    void count_others(unique_function<void(result<std::size_t>)>) override {}
    void pause(bool) override {}
    void ping(done_handler handler) override { probes.push_back(std::move(handler)); }

    std::vector<done_handler> probes;
};

class BusWatch : public ::testing::Test {
protected:
    std::uint64_t count(metric m) { return counts.load(m); }

    tests::manual_scheduler timers;
    slow_bus bus;
    metrics figures;
    metrics_block& counts = figures.make_block();
    std::unique_ptr<bus_watch> watch = std::make_unique<bus_watch>(timers, bus, counts);
};

TEST_F(BusWatch, TellsHowLongARoundTakes) {
    timers.advance(bus_watch::interval);
    ASSERT_EQ(bus.probes.size(), 1U);
    timers.advance(3ms);
    bus.probes[0]({});
    EXPECT_EQ(count(metric::bus_round_trip), 3000U);
    timers.advance(bus_watch::interval);
    ASSERT_EQ(bus.probes.size(), 2U);
    bus.probes[1]({});
    EXPECT_EQ(count(metric::bus_silent), 0U);
}

TEST_F(BusWatch, NoticesAProbeThatDoesNotComeBack) {
    timers.advance(bus_watch::interval);
    EXPECT_EQ(count(metric::bus_silent), 0U);
    timers.advance(bus_watch::interval);
    timers.advance(bus_watch::interval);
    EXPECT_EQ(count(metric::bus_silent), 1U);
    EXPECT_EQ(count(metric::bus_silences), 1U) << "one silence, however long";
    bus.probes[0]({});  // of long ago
    EXPECT_EQ(count(metric::bus_silent), 1U);
    bus.probes[2]({});
    EXPECT_EQ(count(metric::bus_silent), 0U);
    EXPECT_EQ(count(metric::bus_silences), 1U);
}

TEST_F(BusWatch, AFailureIsSilenceToo) {
    timers.advance(bus_watch::interval);
    bus.probes[0](make_error_code(errc::unavailable));
    EXPECT_EQ(count(metric::bus_silent), 1U);
    timers.advance(bus_watch::interval);
    bus.probes[1]({});
    EXPECT_EQ(count(metric::bus_silent), 0U);
}

TEST_F(BusWatch, AnAnswerAfterItsEndIsDropped) {
    timers.advance(bus_watch::interval);
    watch.reset();
    bus.probes[0]({});
    EXPECT_EQ(timers.pending(), 0U);
}

}  // namespace
}  // namespace chat_gateway::gateway
