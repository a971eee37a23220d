#include "engine_impl.hpp"

#include <gtest/gtest.h>

/// What an idle connection keeps for itself: every byte here is a byte times the connections. These
/// may shrink; whoever lets one grow says why in docs/performance.md.
namespace chat_gateway::server {
namespace {

TEST(Sizes, OfWhatIsThereOnceForEachConnection) {
    EXPECT_LE(sizeof(session_entry), 160U);
    EXPECT_LE(sizeof(engineio::session), 64U);
    EXPECT_LE(sizeof(outbox), 32U);
    EXPECT_LE(sizeof(websocket_link), 72U);
    EXPECT_LE(sizeof(websocket::frame_parser), 32U);
}

}  // namespace
}  // namespace chat_gateway::server
