// Compressed WebSocket messages. First byte: how large a message may get; the rest is inflated, and
// what comes of it compressed and inflated again.
#include "fuzz/fuzz.hpp"

#include <chat_gateway/websocket/deflate.hpp>

#include <string>

using namespace chat_gateway;
using namespace chat_gateway::websocket;

namespace {

struct outcome {
    close_code error = close_code::none;
    std::string message;
    bool operator==(const outcome&) const = default;
};

outcome inflate(std::string_view compressed, std::size_t max) {
    outcome o{.message = "before"};
    o.error = inflate_message(compressed, max, o.message);
    FUZZ_CHECK(o.message.starts_with("before"));
    o.message.erase(0, 6);
    FUZZ_CHECK(o.message.size() <= max);
    FUZZ_CHECK(o.error == close_code::none || o.error == close_code::invalid_payload ||
               o.error == close_code::too_big);
    return o;
}

void check_round_trip(std::string_view message) {
    const std::string compressed(deflate_message(message));
    const outcome whole{.message = std::string(message)};
    FUZZ_CHECK(inflate(compressed, message.size()) == whole);
    if (!message.empty())
        FUZZ_CHECK(inflate(compressed, message.size() - 1).error == close_code::too_big);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const std::size_t max = 16UL << in.byte() % 16;
    const auto once = inflate(in.rest(), max);
    check_round_trip(in.rest());
    // The state that a message left behind does not show in the next one.
    FUZZ_CHECK(inflate(in.rest(), max) == once);
    if (once.error != close_code::none) return 0;
    FUZZ_CHECK(inflate(in.rest(), once.message.size()) == once);
    check_round_trip(once.message);
    return 0;
}
