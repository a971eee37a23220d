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

/// Of a sample's name: a histogram's samples have one of three ends.
std::string family_of(const std::string& sample, const std::set<std::string>& histograms) {
    const std::string name = sample.substr(0, sample.find('{'));
    for (const std::string_view end : {"_bucket", "_sum", "_count"}) {
        if (!name.ends_with(end)) continue;
        const std::string family = name.substr(0, name.size() - end.size());
        if (histograms.contains(family)) return family;
    }
    return name;
}

// Each family: HELP and TYPE once and first, samples together, no sample twice.
TEST(Metrics, TextIsWellFormed) {
    metrics all;
    all.make_block().add(metric::joins, 2);
    all.make_engine_counts();
    all.add({"chat_gateway_build_info", "version=\"1\"", "One.", [] { return 1.0; }});
    std::istringstream text(all.prometheus());
    std::set<std::string> families;
    std::set<std::string> histograms;
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
                EXPECT_TRUE(line.ends_with(".")) << line;
            } else {
                std::string type;
                words >> type;
                EXPECT_EQ(name.ends_with("_total"), type == "counter") << line;
                if (type == "histogram") histograms.insert(name);
            }
            EXPECT_EQ(name, family);
            continue;
        }
        EXPECT_EQ(family_of(first, histograms), family);
        EXPECT_TRUE(family.starts_with("chat_gateway_")) << family;
        EXPECT_TRUE(samples.insert(first).second) << first;
    }
    EXPECT_GT(samples.size(), static_cast<std::size_t>(metric::count_));
    EXPECT_EQ(histograms.size(), 4U);
    EXPECT_NE(all.prometheus().find("chat_gateway_room_joins_total 2\n"), std::string::npos);
    EXPECT_NE(all.prometheus().find("chat_gateway_build_info{version=\"1\"} 1\n"),
              std::string::npos);
}

TEST(Metrics, AHistogramIsCumulativeOverAllBlocks) {
    using std::chrono::microseconds;
    metrics all;
    auto& first = all.make_block();
    first.observe(distribution::fan_out, microseconds(250));  // a bound belongs to its bucket
    first.observe(distribution::fan_out, microseconds(251), 3);
    first.observe(distribution::fan_out, microseconds(-5));
    all.make_block().observe(distribution::fan_out, std::chrono::seconds(60));
    EXPECT_EQ(all.count(distribution::fan_out), 6U);
    const std::string text = all.prometheus();
    for (const char* line :
         {"_bucket{le=\"0.00025\"} 2\n", "_bucket{le=\"0.0005\"} 5\n", "_bucket{le=\"5\"} 5\n",
          "_bucket{le=\"+Inf\"} 6\n", "_sum 60.001003\n", "_count 6\n"})
        EXPECT_NE(text.find(std::string("chat_gateway_fan_out_seconds") + line), std::string::npos)
            << line << text.substr(text.find("# HELP chat_gateway_fan_out"), 1500);
}

TEST(Metrics, EnginesAreSummed) {
    metrics all;
    all.make_engine_counts().websocket.bytes_out.add(5);
    all.make_engine_counts().websocket.bytes_out.add(6);
    EXPECT_NE(all.prometheus().find("chat_gateway_sent_bytes_total{transport=\"websocket\"} 11\n"),
              std::string::npos);
}

}  // namespace
}  // namespace chat_gateway::gateway
