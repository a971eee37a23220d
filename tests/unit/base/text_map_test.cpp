#include <chat_gateway/base/text_map.hpp>

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

using chat_gateway::no_value;
using chat_gateway::text_map;
using chat_gateway::text_set;

TEST(text_map, finds_what_was_put_in_and_nothing_else) {
    text_map<int> map;
    EXPECT_EQ(map.find("a"), nullptr);
    EXPECT_TRUE(map.empty());
    auto [first, fresh] = map.try_emplace("a", 1);
    EXPECT_TRUE(fresh);
    EXPECT_EQ(first.key(), "a");
    auto [again, fresh_again] = map.try_emplace("a", 2);
    EXPECT_FALSE(fresh_again);
    EXPECT_EQ(&again, &first);
    EXPECT_EQ(again.value, 1);
    EXPECT_EQ(map.find(""), nullptr);
    map.try_emplace("", 3);
    ASSERT_NE(map.find(""), nullptr);
    EXPECT_EQ(map.find("")->value, 3);
    EXPECT_EQ(map.find("")->key(), "");
    EXPECT_EQ(map.size(), 2U);
    EXPECT_TRUE(map.contains("a"));
    EXPECT_FALSE(map.contains("b"));
}

TEST(text_map, keys_are_bytes) {
    text_set set;
    const std::string with_nul("a\0b", 3);
    set.try_emplace(with_nul);
    EXPECT_TRUE(set.contains(with_nul));
    EXPECT_FALSE(set.contains("a"));
}

TEST(text_map, does_as_an_ordinary_map_whatever_comes) {
    std::mt19937 random(7);  // NOLINT: the same numbers each time
    text_map<std::vector<int>> map;
    std::map<std::string, std::vector<int>> ordinary;
    for (int step = 0; step < 40'000; ++step) {
        const std::string key(random() % 70, static_cast<char>('a' + random() % 20));
        switch (random() % 4) {
            case 0:
            case 1:
                map.try_emplace(key).first.value.push_back(step);
                ordinary[key].push_back(step);
                break;
            case 2:
                EXPECT_EQ(map.erase(key), ordinary.erase(key) != 0);
                break;
            default: {
                const auto* found = map.find(key);
                const auto expected = ordinary.find(key);
                ASSERT_EQ(found != nullptr, expected != ordinary.end());
                if (found) {
                    EXPECT_EQ(found->value, expected->second);
                }
            }
        }
        ASSERT_EQ(map.size(), ordinary.size());
    }
    std::map<std::string, std::vector<int>> walked;
    map.for_each([&](const auto& e) { walked.emplace(e.key(), e.value); });
    EXPECT_EQ(walked, ordinary);
}

TEST(text_map, entries_stay_where_they_are) {
    text_map<int> map;
    auto& first = map.try_emplace("first", 42).first;
    for (int n = 0; n < 10'000; ++n)
        map.try_emplace(std::to_string(n), n);
    for (int n = 0; n < 10'000; n += 2)
        map.erase(std::to_string(n));
    EXPECT_EQ(map.find("first"), &first);
    EXPECT_EQ(first.value, 42);
    EXPECT_EQ(first.key(), "first");
}

TEST(text_map, a_walk_ends_where_it_is_told_to) {
    text_set set;
    for (int n = 0; n < 100; ++n)
        set.try_emplace(std::to_string(n));
    std::set<std::string_view> seen;
    set.for_each_until([&](const auto& e) {
        seen.insert(e.key());
        return seen.size() < 7;
    });
    EXPECT_EQ(seen.size(), 7U);
}

TEST(text_map, values_die_with_their_entries) {
    const auto shared = std::make_shared<int>(0);
    text_map<std::shared_ptr<int>> map;
    for (int n = 0; n < 10; ++n)
        map.try_emplace(std::to_string(n), shared);
    EXPECT_EQ(shared.use_count(), 11);
    map.erase("3");
    EXPECT_EQ(shared.use_count(), 10);
    text_map<std::shared_ptr<int>> other = std::move(map);
    EXPECT_EQ(other.size(), 9U);
    other.try_emplace("x", shared);
    text_map<std::shared_ptr<int>> third;
    third.try_emplace("y", shared);
    third = std::move(other);
    EXPECT_EQ(shared.use_count(), 11);
    third.clear();
    EXPECT_EQ(shared.use_count(), 1);
    EXPECT_TRUE(third.empty());
    third.try_emplace("z", shared);
    EXPECT_EQ(third.size(), 1U);
}

TEST(text_map, a_value_that_cannot_be_made_leaves_nothing) {
    struct picky {
        explicit picky(bool fails) {
            if (fails) throw std::runtime_error("no");
        }
    };
    text_map<picky> map;
    EXPECT_THROW(map.try_emplace("a", true), std::runtime_error);
    EXPECT_FALSE(map.contains("a"));
    EXPECT_TRUE(map.try_emplace("a", false).second);
}
