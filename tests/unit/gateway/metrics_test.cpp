#include <chat_gateway/gateway/metrics.hpp>

#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace chat_gateway::gateway {
namespace {

TEST(Metrics, BlocksAreSummed) {
    metrics all;
    all.make_block().add(metric::deliveries, 3);
    auto& second = all.make_block();
    second.add(metric::deliveries, 4);
    second.subtract(metric::deliveries);
    EXPECT_EQ(all.sum(metric::deliveries), 6U);
}

TEST(Metrics, AGaugeMayBeRaisedOnOneThreadAndLoweredOnAnother) {
    metrics all;
    all.make_block().add(metric::sessions_open);
    all.make_block().subtract(metric::sessions_open);
    EXPECT_EQ(all.sum(metric::sessions_open), 0U);
}

// Each family: HELP and TYPE once and first, samples together, no sample twice.
TEST(Metrics, TextIsWellFormed) {
    metrics all;
    all.make_block().add(metric::joins, 2);
    std::istringstream text(all.prometheus());
    std::set<std::string> families;
    std::set<std::string> samples;
    std::string family;
    for (std::string line; std::getline(text, line);) {
        std::istringstream words(line);
        std::string first;
        std::string kind;
        std::string name;
        words >> first;
        if (first == "#") {
            words >> kind >> name;
            if (kind == "HELP") {
                EXPECT_TRUE(families.insert(name).second) << name;
                family = name;
            }
            EXPECT_EQ(name, family);
            continue;
        }
        EXPECT_EQ(first.substr(0, first.find('{')), family);
        EXPECT_TRUE(family.starts_with("chat_gateway_")) << family;
        EXPECT_TRUE(samples.insert(first).second) << first;
    }
    EXPECT_EQ(samples.size(), static_cast<std::size_t>(metric::count_));
    EXPECT_NE(all.prometheus().find("chat_gateway_room_joins_total 2\n"), std::string::npos);
}

}  // namespace
}  // namespace chat_gateway::gateway
