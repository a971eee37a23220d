// JSON text: what the parser library takes the scanner takes, and what it lets pass is UTF-8.
#include "cluster/json_scanner.hpp"

#include "fuzz/fuzz.hpp"
#include "json_check.hpp"

#include <chat_gateway/base/text.hpp>

using namespace chat_gateway;
using namespace chat_gateway::socketio;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::input(data, size).rest();
    const bool taken = cluster::is_json(text);
    FUZZ_CHECK(taken || !check_json(text, 0));
    if (!taken) return 0;
    FUZZ_CHECK(is_valid_utf8(text));

    cluster::json_scanner in(text);
    std::string_view raw;
    FUZZ_CHECK(in.value(raw) && cluster::is_json(raw));
    if (raw.starts_with('"')) FUZZ_CHECK(is_valid_utf8(cluster::string_of(raw)));
    cluster::json_scanner again(text);
    if (raw.starts_with('{')) {
        const auto member = [&](std::string_view key) {
            FUZZ_CHECK(is_valid_utf8(key));
            return again.skip();
        };
        FUZZ_CHECK(again.object(member) && again.end());
    }
    if (raw.starts_with('[')) {
        FUZZ_CHECK(again.array([&] { return again.skip(); }) && again.end());
    }
    return 0;
}
