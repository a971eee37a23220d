#include "overview.hpp"

#include <gtest/gtest.h>

namespace chat_gateway::admin {
namespace {

TEST(Samples, AreThoseOfThePrometheusText) {
    const auto samples = samples_of(
        "# HELP a_total Something 7\n# TYPE a_total counter\na_total 12\n"
        "b{reason=\"x y\"} 0.25\nc_bucket{le=\"+Inf\"} 3\nd 1.5e+06\n");
    EXPECT_EQ(samples, json::parse(R"({"a_total": 12, "b{reason=\"x y\"}": 0.25,
                                       "c_bucket{le=\"+Inf\"}": 3, "d": 1500000})"));
    EXPECT_TRUE(samples["a_total"].is_number_unsigned());
}

TEST(Samples, LeaveOutWhatIsZeroOrNone) {
    EXPECT_EQ(samples_of("a 0\nb 0.0\nc NaN\nd +Inf\ne 1x\nf\n 3\n\ng 1"), (json{{"g", 1}}));
    EXPECT_EQ(samples_of(""), json::object());
}

TEST(Samples, KeepWholeNumbersWhole) {
    EXPECT_EQ(samples_of("a 9007199254740991").dump(), R"({"a":9007199254740991})");
    EXPECT_EQ(samples_of("a -2").dump(), R"({"a":-2.0})");
}

json complete() {
    return {{"name", "a"},       {"version", "1"}, {"uptime_seconds", 3},
            {"draining", false}, {"rooms", 2U},    {"figures", {{"x", 1}, {"y", 0.5}}}};
}

TEST(Overview, OfAnotherGatewayIsTakenOnlyIfItIsOne) {
    const json whole = complete();
    EXPECT_TRUE(is_overview(whole));
    for (const auto& [name, value] : whole.items()) {
        json without = whole;
        without.erase(name);
        EXPECT_FALSE(is_overview(without)) << name;
        json other = whole;
        other[name] = json::array({value});
        EXPECT_FALSE(is_overview(other)) << name;
    }
    json bad = whole;
    bad["figures"]["x"] = "<b>";
    EXPECT_FALSE(is_overview(bad));
    EXPECT_FALSE(is_overview(json::array()));
    EXPECT_FALSE(is_overview("text"));
}

}  // namespace
}  // namespace chat_gateway::admin
