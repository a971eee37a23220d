#include "figures.hpp"

#include <gtest/gtest.h>

namespace chat_gateway::admin {
namespace {

using user_counts = std::vector<std::pair<std::string, std::uint64_t>>;

totals some_totals() {
    return {.connections = 4,
            .websockets = 3,
            .refused = 1,
            .sockets = 2,
            .memberships = 20,
            .rooms = 9,
            .users = 3,
            .open_seconds = 10,
            .longest_seconds = 7,
            .connections_per_user = {{"ann", 2}, {"bob", 1}}};
}

TEST(Totals, AreReadAsTheyWereWritten) {
    const auto read = totals_of(to_json(some_totals()));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(to_json(*read), to_json(some_totals()));
    EXPECT_EQ(to_json(*read)["seconds"], (json{{"mean", 2.5}, {"sum", 10}, {"longest", 7}}));
}

TEST(Totals, OfWhoeverIsNoGatewayAreNone) {
    const json whole = to_json(some_totals());
    for (const auto& [name, value] : whole.items()) {
        json less = whole;
        less.erase(name);
        EXPECT_FALSE(totals_of(less).has_value()) << "without " << name;
        json odd = whole;
        odd[name] = "text";
        EXPECT_FALSE(totals_of(odd).has_value()) << name << " as a text";
    }
    for (const char* text : {"null", "[]", "1", R"({"seconds":{},"connections_per_user":[1]})"})
        EXPECT_FALSE(totals_of(json::parse(text)).has_value()) << text;
}

TEST(Totals, AreSummed) {
    auto other = some_totals();
    other.longest_seconds = 20;
    other.connections_per_user = {{"bob", 5}, {"eve", 2}};
    const auto sum = sum_of({some_totals(), other});
    EXPECT_EQ(sum.connections, 8U);
    EXPECT_EQ(sum.websockets, 6U);
    EXPECT_EQ(sum.memberships, 40U);
    EXPECT_EQ(sum.open_seconds, 20U);
    EXPECT_EQ(sum.longest_seconds, 20U);
    EXPECT_EQ(sum.connections_per_user, (user_counts{{"bob", 6}, {"ann", 2}, {"eve", 2}}));
}

TEST(Totals, OfNobodyHaveNoMean) {
    EXPECT_EQ(to_json(totals{})["seconds"]["mean"], 0);
}

TEST(BusiestUsers, AreThoseWithTheMost) {
    user_counts users{{"d", 1}, {"c", 2}, {"b", 2}, {"a", 1}};
    keep_busiest(users, 3);
    EXPECT_EQ(users, (user_counts{{"b", 2}, {"c", 2}, {"a", 1}}));
    keep_busiest(users, 10);
    EXPECT_EQ(users.size(), 3U);
}

gateway::named_room room(const std::string& name, std::uint64_t in) {
    return {name,
            {.members = 1,
             .messages_in = in,
             .messages_out = 3 * in,
             .joins = 2,
             .leaves = 1,
             .denials = 5}};
}

TEST(Rooms, AreReadAsTheyWereWritten) {
    const std::vector<gateway::named_room> rooms{room("a", 1), room("b", 2)};
    const auto read = rooms_of(to_json(rooms));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(to_json(*read), to_json(rooms));
    for (const char* text : {"{}", "[1]", R"([{"room":"a"}])", "null"})
        EXPECT_FALSE(rooms_of(json::parse(text)).has_value()) << text;
}

TEST(Rooms, OfSeveralGatewaysAreOne) {
    const auto all = merged({{room("a", 3), room("b", 4)}, {room("a", 5)}, {}}, 10);
    EXPECT_EQ(to_json(all), json::parse(R"([
        {"room":"a","members":2,"messages_in":5,"messages_out":24,"joins":4,"leaves":2,"denials":10},
        {"room":"b","members":1,"messages_in":4,"messages_out":12,"joins":2,"leaves":1,"denials":5}
    ])"));
    EXPECT_EQ(merged({{room("a", 3), room("b", 4)}}, 1).front().name, "b");
}

}  // namespace
}  // namespace chat_gateway::admin
