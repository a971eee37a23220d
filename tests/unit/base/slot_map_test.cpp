#include <chat_gateway/base/slot_map.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace chat_gateway {
namespace {

TEST(SlotMap, AStaleHandleFindsNothing) {
    slot_map<std::string> map;
    const auto first = map.emplace("one");
    ASSERT_NE(map.find(first), nullptr);
    EXPECT_TRUE(map.erase(first));
    EXPECT_EQ(map.find(first), nullptr);
    EXPECT_FALSE(map.erase(first));
    const auto second = map.emplace("two");
    EXPECT_EQ(second.index, first.index);
    EXPECT_NE(second.generation, first.generation);
    EXPECT_EQ(map.find(first), nullptr);
    EXPECT_EQ(*map.find(second), "two");
}

TEST(SlotMap, TheEmptyHandleFindsNothing) {
    slot_map<int> map;
    EXPECT_EQ(map.find({}), nullptr);
    map.emplace(1);
    EXPECT_EQ(map.find({}), nullptr);
    EXPECT_FALSE(slot_handle{});
}

TEST(SlotMap, ReferencesStayWhileOthersComeAndGo) {
    slot_map<int> map;
    const auto kept = map.emplace(42);
    const int* where = map.find(kept);
    std::vector<slot_handle> others;
    for (int i = 0; i < 1000; ++i)
        others.push_back(map.emplace(i));
    for (const auto h : others)
        map.erase(h);
    EXPECT_EQ(map.find(kept), where);
    EXPECT_EQ(*where, 42);
    EXPECT_EQ(map.size(), 1U);
}

TEST(SlotMap, ErasingDestroysAtOnce) {
    slot_map<std::shared_ptr<int>> map;
    const auto value = std::make_shared<int>(1);
    const auto h = map.emplace(value);
    EXPECT_EQ(value.use_count(), 2);
    map.erase(h);
    EXPECT_EQ(value.use_count(), 1);
}

TEST(SlotMap, NextIndexIsWhatEmplaceTakes) {
    slot_map<int> map;
    for (int i = 0; i < 100; ++i) {
        const auto expected = map.next_index();
        EXPECT_EQ(map.emplace(i).index, expected);
        if (i % 3 == 0) map.erase(map.handle_at(static_cast<std::uint32_t>(i / 2)));
    }
}

TEST(SlotMap, HandlesNamesAllEntries) {
    slot_map<int> map;
    const auto a = map.emplace(1);
    const auto b = map.emplace(2);
    const auto c = map.emplace(3);
    map.erase(b);
    EXPECT_EQ(map.handles(), (std::vector<slot_handle>{a, c}));
    EXPECT_EQ(map.at_index(b.index), nullptr);
    EXPECT_EQ(*map.at_index(c.index), 3);
}

}  // namespace
}  // namespace chat_gateway
