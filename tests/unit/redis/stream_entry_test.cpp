#include "stream_entry.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace chat_gateway::redis {
namespace {

reply parse(std::string_view bytes) {
    std::vector<reply> parsed;
    EXPECT_TRUE(reply_reader().feed(bytes, parsed));
    return parsed.empty() ? reply{} : parsed.front();
}

TEST(EntryId, IsInTheOrderOfEntries) {
    const auto id = entry_id::parse("1795380179958-12");
    ASSERT_TRUE(id);
    EXPECT_EQ(id->text(), "1795380179958-12");
    EXPECT_LT(*id, (entry_id{1795380179958, 13}));
    EXPECT_LT(*id, (entry_id{1795380179959, 0}));
    EXPECT_EQ(entry_id().text(), "0-0");
}

TEST(EntryId, AnythingElseIsNone) {
    for (const char* text : {"", "-", "1", "1-", "-1", "1-2-3", "a-1", "1-a", " 1-2", "1-2 ",
                             "99999999999999999999-1", "-1-1"})
        EXPECT_FALSE(entry_id::parse(text)) << text;
}

TEST(StreamEntries, AreReadInOrder) {
    const auto entries =
        entries_read(parse("*1\r\n*2\r\n$1\r\ns\r\n*2\r\n"
                           "*2\r\n$3\r\n1-0\r\n*4\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$0\r\n\r\n"
                           "*2\r\n$3\r\n1-1\r\n*0\r\n"));
    ASSERT_TRUE(entries);
    EXPECT_EQ(*entries, (std::vector<stream_entry>{{{1, 0}, {"a", "b", "c", ""}}, {{1, 1}, {}}}));
}

TEST(StreamEntries, NothingIsNone) {
    EXPECT_TRUE(entries_read(parse("*-1\r\n"))->empty());
    EXPECT_TRUE(entries_of(parse("*0\r\n"))->empty());
    // Deleted while it was being read.
    EXPECT_TRUE(entries_of(parse("*1\r\n*-1\r\n"))->empty());
}

TEST(StreamEntries, AnythingElseIsRefused) {
    EXPECT_FALSE(entries_read(parse("+OK\r\n")));
    EXPECT_FALSE(entries_read(parse("*2\r\n*0\r\n*0\r\n")));
    EXPECT_FALSE(entries_of(parse(":1\r\n")));
    EXPECT_FALSE(entries_of(parse("*1\r\n*1\r\n$3\r\n1-0\r\n")));
    EXPECT_FALSE(entries_of(parse("*1\r\n*2\r\n$1\r\nx\r\n*0\r\n")));
    EXPECT_FALSE(entries_of(parse("*1\r\n*2\r\n$3\r\n1-0\r\n*1\r\n$1\r\na\r\n")));
}

TEST(StreamState, IsReadFromWhatRedisTells) {
    const auto state =
        state_of(parse("*6\r\n$6\r\nlength\r\n:1\r\n$17\r\nlast-generated-id\r\n$3\r\n5-1\r\n"
                       "$11\r\nfirst-entry\r\n*2\r\n$3\r\n4-0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n"));
    ASSERT_TRUE(state);
    EXPECT_EQ(state->last_generated, (entry_id{5, 1}));
    EXPECT_EQ(state->oldest, (entry_id{4, 0}));
}

TEST(StreamState, OfAnEmptyStreamHasNoOldestEntry) {
    const auto state = state_of(
        parse("*4\r\n$17\r\nlast-generated-id\r\n$3\r\n5-1\r\n$11\r\nfirst-entry\r\n*-1\r\n"));
    ASSERT_TRUE(state);
    EXPECT_EQ(state->last_generated, (entry_id{5, 1}));
    EXPECT_FALSE(state->oldest);
}

TEST(StreamState, OfNoStreamIsTheBeginning) {
    const auto state = state_of(parse("-ERR no such key\r\n"));
    ASSERT_TRUE(state);
    EXPECT_EQ(state->last_generated, entry_id());
    EXPECT_FALSE(state->oldest);
}

TEST(StreamState, AnythingElseIsNone) {
    for (const char* bytes :
         {"-ERR wrong\r\n", ":1\r\n", "*0\r\n", "*2\r\n$17\r\nlast-generated-id\r\n$1\r\nx\r\n",
          "*4\r\n$17\r\nlast-generated-id\r\n$3\r\n5-1\r\n$11\r\nfirst-entry\r\n*0\r\n",
          "*4\r\n$17\r\nlast-generated-id\r\n$3\r\n5-1\r\n$11\r\nfirst-entry\r\n*1\r\n$1\r\nx\r\n"})
        EXPECT_FALSE(state_of(parse(bytes))) << bytes;
}

}  // namespace
}  // namespace chat_gateway::redis
