#include "chat_socket.hpp"

#include <gtest/gtest.h>

namespace chat_gateway::gateway {
namespace {

TEST(Sizes, OfASocketsState) {
    EXPECT_LE(sizeof(chat_socket), 192U) << "a size class of the allocator; the next is 224";
    EXPECT_LE(sizeof(socketio::client), 48U);
}

}  // namespace
}  // namespace chat_gateway::gateway
