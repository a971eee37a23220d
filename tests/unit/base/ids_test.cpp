#include <chat_gateway/base/ids.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cstddef>
#include <set>
#include <string>

namespace {

using namespace chat_gateway;

TEST(PublicId, KnowsItsShardAndIndex) {
    const auto id = public_id::make(7, 0x012345);
    EXPECT_EQ(id.shard(), 7);
    EXPECT_EQ(id.index(), 0x012345U);
    const auto last = public_id::make(255, public_id::max_index);
    EXPECT_EQ(last.shard(), 255);
    EXPECT_EQ(last.index(), public_id::max_index);
}

TEST(PublicId, TextHasTwentyUrlSafeCharacters) {
    const auto text = public_id::make(1, 2).text();
    EXPECT_EQ(text.size(), public_id::text_size);
    EXPECT_EQ(
        text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
        std::string::npos);
}

TEST(PublicId, NoTwoAreAlikeInOneSlot) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i)
        EXPECT_TRUE(seen.insert(public_id::make(0, 0).text()).second);
}

TEST(PublicId, EverythingBehindTheSlotIsRandom) {
    std::array<std::set<char>, public_id::text_size> seen;
    for (int i = 0; i < 1000; ++i) {
        const auto text = public_id::make(0, 0).text();
        for (std::size_t at = 0; at < text.size(); ++at)
            seen.at(at).insert(text[at]);
    }
    for (std::size_t at = 0; at < 5; ++at)
        EXPECT_EQ(seen.at(at).size(), 1U);
    EXPECT_EQ(seen.at(5).size(), 16U);  // two bits of the slot, four random ones
    for (std::size_t at = 6; at < public_id::text_size; ++at)
        EXPECT_GT(seen.at(at).size(), 40U);
}

TEST(PublicId, ParsesAnythingOfItsForm) {
    const auto id = public_id::parse("AQAAAgAAAAAAAAAAAAAA");
    ASSERT_TRUE(id);
    EXPECT_EQ(id->shard(), 1);
    EXPECT_EQ(id->index(), 2U);
    EXPECT_TRUE(public_id::parse("____________________"));
}

TEST(PublicId, RefusesOtherForms) {
    for (const auto* bad :
         {"", "__proto__", "AAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA",
          "AAAAAAAAAAAAAAAAAAA=", "AAAAAAAAAAAAAAAAAAA+", "AAAAAAAAAA/AAAAAAAAA"}) {
        EXPECT_FALSE(public_id::parse(bad)) << bad;
    }
    EXPECT_FALSE(public_id::parse(std::string(20, '\0')));
}

TEST(PublicId, ComparesAllOfItsBytes) {
    const std::string text = "AQAAAgAAAAAAAAAAAAAA";
    const auto id = public_id::parse(text);
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto other = text;
        other[i] = 'x';
        EXPECT_NE(public_id::parse(other), id) << i;
    }
    EXPECT_EQ(public_id::parse(text), id);
}

RC_GTEST_PROP(PublicId, SurvivesItsText, (std::uint8_t shard)) {
    const auto index = *rc::gen::inRange<std::uint32_t>(0, public_id::max_index + 1);
    const auto id = public_id::make(shard, index);
    const auto back = public_id::parse(id.text());
    RC_ASSERT(back == id);
    RC_ASSERT(back->shard() == shard);
    RC_ASSERT(back->index() == index);
}

}  // namespace
