#include <chat_gateway/base/json_escape.hpp>

#include <gtest/gtest.h>

namespace chat_gateway {
namespace {

TEST(JsonEscape, WritesWhatJsonStringifyWrites) {
    std::string out;
    for (const char c : {'"', '\\', '\b', '\t', '\n', '\f', '\r', '\0', '\x1f', '\x0b'})
        append_json_escape(out, c);
    EXPECT_EQ(out, R"(\"\\\b\t\n\f\r\u0000\u001f\u000b)");
}

}  // namespace
}  // namespace chat_gateway
