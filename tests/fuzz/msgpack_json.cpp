// MessagePack to the JSON that browsers get, and back. First byte even: MessagePack, odd: JSON.
#include "fuzz/fuzz.hpp"
#include "json_check.hpp"

#include <chat_gateway/socketio/cluster/msgpack_json.hpp>

#include <string>
#include <vector>

using namespace chat_gateway;
using namespace chat_gateway::socketio;
using namespace chat_gateway::socketio::cluster;

namespace {

struct printed {
    std::string json;
    std::vector<std::string> attachments;
    bool operator==(const printed&) const = default;
};

printed print_whole(std::string_view msgpack) {
    printed p;
    const auto read = append_json(msgpack, p.json, p.attachments);
    FUZZ_CHECK(read && *read == msgpack.size());
    return p;
}

void from_msgpack(std::string_view bytes) {
    printed p{.json = "before", .attachments = {"first"}};
    const auto read = append_json(bytes, p.json, p.attachments);
    FUZZ_CHECK(p.json.starts_with("before") && p.attachments.front() == "first");
    if (!read) {
        FUZZ_CHECK(p == (printed{"before", {"first"}}));
        return;
    }
    FUZZ_CHECK(*read <= bytes.size());

    const auto once = print_whole(bytes.substr(0, *read));
    const auto encoded = msgpack_of_json(once.json, once.attachments);
    if (once.attachments.empty()) {
        FUZZ_CHECK(check_json(once.json, 0));
        FUZZ_CHECK(encoded && print_whole(*encoded) == once);
        return;
    }
    // Data that looks like a placeholder is taken for one, or refused; from then on it is one.
    if (!encoded) return;
    const auto twice = print_whole(*encoded);
    const auto encoded_twice = msgpack_of_json(twice.json, twice.attachments);
    FUZZ_CHECK(encoded_twice && print_whole(*encoded_twice) == twice);
}

void from_json(std::string_view json) {
    const auto encoded = msgpack_of_json(json, {});
    if (!encoded) return;
    const auto p = print_whole(*encoded);
    FUZZ_CHECK(p.attachments.empty() && check_json(p.json, 0));
    const auto again = msgpack_of_json(p.json, {});
    FUZZ_CHECK(again && print_whole(*again) == p);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    if (in.byte() % 2 == 0) {
        from_msgpack(in.rest());
    } else {
        from_json(in.rest());
    }
    return 0;
}
