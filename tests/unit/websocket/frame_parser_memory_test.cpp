#include "unit/websocket/client_frame.hpp"

#include <chat_gateway/websocket/deflate.hpp>
#include <chat_gateway/websocket/frame_parser.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>

namespace {

thread_local std::ptrdiff_t live_blocks = 0;
thread_local std::size_t largest_block = 0;

}  // namespace

void* operator new(std::size_t size) {
    void* memory = std::malloc(size);
    if (!memory) throw std::bad_alloc();
    ++live_blocks;
    largest_block = std::max(largest_block, size);
    return memory;
}
void operator delete(void* memory) noexcept {
    if (memory) --live_blocks;
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    operator delete(memory);
}

namespace {

using namespace chat_gateway::tests;
using chat_gateway::websocket::frame_parser;

/// How many events the bytes make, leaving what the test itself allocates out of the count.
int feed_quietly(frame_parser& parser, std::string& bytes) {
    parser.feed(bytes);
    int events = 0;
    while (parser.next())
        ++events;
    return events;
}

TEST(FrameParserMemory, IsSmall) {
    EXPECT_LE(sizeof(frame_parser), 32U);
}

TEST(FrameParserMemory, WholeFramesNeedNoHeap) {
    auto bytes = text_frame(std::string(5000, 'x')) + control_frame(9, "p") + binary_frame("y");
    const auto before = live_blocks;
    largest_block = 0;
    frame_parser parser(10000);
    EXPECT_EQ(feed_quietly(parser, bytes), 3);
    EXPECT_EQ(live_blocks, before);
    EXPECT_EQ(largest_block, 0U);
}

TEST(FrameParserMemory, IdleAfterACutOffFrameOwnsNothing) {
    auto front = text_frame(std::string(5000, 'x'));
    auto back = front.substr(1000);
    front.resize(1000);
    const auto before = live_blocks;
    frame_parser parser(10000);
    EXPECT_EQ(feed_quietly(parser, front), 0);
    EXPECT_GT(live_blocks, before);
    EXPECT_EQ(feed_quietly(parser, back), 1);
    EXPECT_EQ(live_blocks, before);
}

TEST(FrameParserMemory, IdleAfterAFragmentedMessageOwnsNothing) {
    auto front = text_frame(std::string(500, 'x'), false);
    auto back = control_frame(9) + continuation_frame(std::string(500, 'y'), true);
    const auto before = live_blocks;
    frame_parser parser(10000);
    EXPECT_EQ(feed_quietly(parser, front), 0);
    EXPECT_GT(live_blocks, before);
    EXPECT_EQ(feed_quietly(parser, back), 2);
    EXPECT_EQ(live_blocks, before);
}

TEST(FrameParserMemory, IdleAfterACompressedMessageOwnsNothing) {
    const std::string packed(chat_gateway::websocket::deflate_message(std::string(5000, 'x')));
    auto warm_up = client_frame{.payload = packed, .reserved = 4}.bytes();
    auto whole = warm_up;
    auto front = client_frame{.payload = packed.substr(0, 5), .fin = false, .reserved = 4}.bytes();
    auto back = continuation_frame(packed.substr(5), true);
    frame_parser parser(10000, frame_parser::compression::deflate);
    EXPECT_EQ(feed_quietly(parser, warm_up), 1);  // the thread's zlib state stays
    const auto before = live_blocks;
    EXPECT_EQ(feed_quietly(parser, whole), 1);
    EXPECT_EQ(live_blocks, before);
    EXPECT_EQ(feed_quietly(parser, front), 0);
    EXPECT_GT(live_blocks, before);
    EXPECT_EQ(feed_quietly(parser, back), 1);
    EXPECT_EQ(live_blocks, before);
}

TEST(FrameParserMemory, ABombIsNotKept) {
    const std::string packed(
        chat_gateway::websocket::deflate_message(std::string(10'000'000, 'x')));
    auto bytes = client_frame{.payload = packed, .reserved = 4}.bytes();
    const auto before = live_blocks;
    largest_block = 0;
    frame_parser parser(100000, frame_parser::compression::deflate);
    EXPECT_EQ(feed_quietly(parser, bytes), 1);
    EXPECT_EQ(live_blocks, before);
    EXPECT_LE(largest_block, 200001U);
}

TEST(FrameParserMemory, ACutOffFrameIsHeldOnce) {
    std::string payload(100'000, 'x');
    auto front = text_frame(payload, false);
    auto back = continuation_frame(payload, true);
    front += back.substr(0, back.size() / 2);
    back.erase(0, back.size() / 2);
    const auto before = live_blocks;
    frame_parser parser(200'000);
    EXPECT_EQ(feed_quietly(parser, front), 0);
    EXPECT_LE(live_blocks, before + 2);  // the parser's partial state and the message
    EXPECT_EQ(feed_quietly(parser, back), 1);
    EXPECT_EQ(live_blocks, before);
}

TEST(FrameParserMemory, AfterAnErrorOwnsNothing) {
    auto bytes = text_frame(std::string(500, 'x'), false) + text_frame("a");
    const auto before = live_blocks;
    frame_parser parser(10000);
    EXPECT_EQ(feed_quietly(parser, bytes), 1);
    EXPECT_EQ(live_blocks, before);
}

TEST(FrameParserMemory, AfterACutOffCloseOwnsNothing) {
    auto front = text_frame("a", false) + close_frame(1000, "going");
    auto back = front.substr(12);
    front.resize(12);
    const auto before = live_blocks;
    frame_parser parser(10000);
    EXPECT_EQ(feed_quietly(parser, front), 0);
    EXPECT_EQ(feed_quietly(parser, back), 1);
    EXPECT_EQ(live_blocks, before);
}

TEST(FrameParserMemory, AnAnnouncedLengthIsNotAllocatedAhead) {
    auto bytes = client_frame{}.head(1000000) + "key!some";
    largest_block = 0;
    frame_parser parser(1000000);
    EXPECT_EQ(feed_quietly(parser, bytes), 0);
    EXPECT_LT(largest_block, 1000U);
}

}  // namespace
