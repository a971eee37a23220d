#include "chat_socket.hpp"

#include <gtest/gtest.h>

namespace chat_gateway::gateway {
namespace {

TEST(Sizes, OfASocketsState) {
    EXPECT_LE(sizeof(chat_socket), 160U) << "a size class of the allocator; the next is 192";
    EXPECT_LE(sizeof(socketio::client), 32U);
}

}  // namespace
}  // namespace chat_gateway::gateway
