#include <chat_gateway/gateway/ranking.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>

namespace {

using namespace chat_gateway::gateway;

struct room {
    std::uint32_t rank = 0;
};
using room_map = std::unordered_map<std::string, room>;
using node = room_map::value_type;

class Ranking : public testing::Test {
protected:
    void say(const std::string& name, int times = 1) {
        node& n = *rooms_.try_emplace(name).first;
        for (int i = 0; i < times; ++i)
            busy_.raise(n);
    }
    void drop(const std::string& name) {
        busy_.forget(*rooms_.find(name));
        rooms_.erase(name);
    }
    template <class Wanted>
    std::vector<std::string> busiest(std::size_t most, Wanted wanted) {
        std::vector<std::string> names;
        for (const node* n : busy_.highest(most, wanted))
            names.push_back(n->first);
        return names;
    }
    std::vector<std::string> busiest(std::size_t most) {
        return busiest(most, [](const node&) { return true; });
    }

    room_map rooms_;
    ranking<node> busy_;
};

using names = std::vector<std::string>;

TEST_F(Ranking, TheBusiestFirstAndEqualsByName) {
    EXPECT_EQ(busiest(3), names{});
    say("b", 2);
    say("a", 2);
    say("most", 9);
    say("least");
    EXPECT_EQ(busiest(9), (names{"most", "a", "b", "least"}));
    EXPECT_EQ(busiest(3), (names{"most", "a", "b"}));
    EXPECT_EQ(busiest(1), names{"most"});
    EXPECT_EQ(busiest(0), names{});
    EXPECT_EQ(busiest(1, [](const node& n) { return n.first != "most"; }).size(), 1U);
    EXPECT_EQ(busiest(3, [](const node& n) { return n.first == "least"; }), names{"least"});
}

TEST_F(Ranking, ACountStaysAtTheMostItCanBe) {
    node& n = *rooms_.try_emplace("a").first;
    busy_.set(n, ~std::uint32_t{0} - 1);
    say("a", 2);
    EXPECT_EQ(busy_.count(n), ~std::uint32_t{0});
}

TEST_F(Ranking, ARoomThatGoesLeavesTheOthersTheirCounts) {
    say("first", 3);
    say("middle", 2);
    say("last", 5);
    drop("first");  // the last one takes its place
    EXPECT_EQ(busy_.count(*rooms_.find("last")), 5U);
    EXPECT_EQ(busy_.count(*rooms_.find("middle")), 2U);
    say("last");
    EXPECT_EQ(busiest(3), (names{"last", "middle"}));
    drop("last");
    drop("middle");
    EXPECT_EQ(busy_.size(), 0U);
    node& set = *rooms_.try_emplace("set").first;
    busy_.set(set, 7);
    busy_.set(set, 3);
    EXPECT_EQ(busy_.count(set), 3U);
    busy_.set(set, 0);
    EXPECT_EQ(busy_.size(), 0U);
    node silent{"silent", {}};
    busy_.forget(silent);
    EXPECT_EQ(busy_.count(silent), 0U);
}

RC_GTEST_FIXTURE_PROP(Ranking, ItIsWhatSortingThemAllSays,
                      (const std::vector<std::pair<std::uint8_t, bool>>& steps)) {
    std::map<std::string, std::uint32_t> model;
    for (const auto& [number, goes] : steps) {
        const std::string name = std::to_string(number % 16);
        if (goes && model.erase(name) != 0) {
            drop(name);
        } else {
            say(name);
            ++model[name];
        }
    }
    const std::size_t most = steps.size() % 20;
    std::vector<std::pair<std::uint32_t, std::string>> sorted;
    for (const auto& [name, count] : model)
        sorted.emplace_back(count, name);
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    RC_ASSERT(busy_.size() == model.size());
    const auto found = busiest(most);
    RC_ASSERT(found.size() == std::min(most, model.size()));
    for (std::size_t n = 0; n < found.size(); ++n) {
        RC_ASSERT(busy_.count(*rooms_.find(found[n])) == model.at(found[n]));
        RC_ASSERT(sorted[n].first == model.at(found[n]));
    }
}

}  // namespace
