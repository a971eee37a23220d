#include "paced_teller.hpp"

#include "support/manual_scheduler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::gateway {
namespace {

using socketio::cluster::message;
using socketio::cluster::request;
using ::testing::ElementsAre;

class PacedTeller : public ::testing::Test {
protected:
    static message of(std::string text) {
        message m;
        m.packet = std::move(text);
        return m;
    }
    static std::vector<message> batch(std::string text) {
        std::vector<message> one;
        one.push_back(of(std::move(text)));
        return one;
    }
    static request join_of(const std::string& room) {
        return {.kind = socketio::cluster::request_kind::join, .rooms = {room}};
    }

    tests::manual_scheduler timers;
    std::vector<std::string> told;
    std::unique_ptr<paced_teller> teller = std::make_unique<paced_teller>(
        timers, paced_teller::listener{
                    .messages =
                        [this](std::vector<message> batch) {
                            for (auto& m : batch)
                                told.push_back(m.packet.substr(0, 4));
                        },
                    .request = [this](request r) { told.push_back("+" + r.rooms.front()); },
                });
    const std::string large = std::string(paced_teller::slice, 'x');
};

TEST_F(PacedTeller, PassesOnAtOnceWhileNothingWaits) {
    teller->pass(batch("1"));
    teller->pass(join_of("a"));
    teller->pass(batch("2"));
    EXPECT_THAT(told, ElementsAre("1", "+a", "2"));
}

TEST_F(PacedTeller, TellsASliceAPauseAndWhatComesMeanwhileBehindIt) {
    teller->append(of("1..." + large));
    teller->append(of("2..." + large));
    teller->append(join_of("a"));
    EXPECT_TRUE(told.empty());
    teller->go_on();
    teller->pass(batch("3"));
    teller->pass(join_of("b"));
    teller->go_on();
    EXPECT_THAT(told, ElementsAre("1..."));
    timers.advance(paced_teller::pause);
    EXPECT_THAT(told, ElementsAre("1...", "2..."));
    timers.advance(paced_teller::pause);
    EXPECT_THAT(told, ElementsAre("1...", "2...", "+a", "3", "+b"));
    teller->pass(batch("4"));
    EXPECT_EQ(told.back(), "4");
}

TEST_F(PacedTeller, TellsTooMuchWithoutPauses) {
    const auto too_many = paced_teller::most / paced_teller::slice + 2;
    auto passed = too_many - 10;
    for (std::size_t i = 0; i < passed; ++i)
        teller->append(of(large));
    teller->go_on();
    EXPECT_EQ(told.size(), 1U);
    for (; told.size() == 1 && passed < too_many; ++passed)
        teller->pass(batch(large));
    EXPECT_EQ(told.size(), passed);
}

TEST_F(PacedTeller, EndsInAPause) {
    teller->append(of(large));
    teller->append(of(large));
    teller->go_on();
    teller.reset();
    timers.advance(paced_teller::pause * 2);
    EXPECT_EQ(told.size(), 1U);
}

}  // namespace
}  // namespace chat_gateway::gateway
