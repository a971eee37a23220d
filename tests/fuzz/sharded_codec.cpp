// A message of the sharded adapter: what is decoded can be published again and means the same then.
#include "fuzz/fuzz.hpp"

#include <chat_gateway/base/text.hpp>
#include <chat_gateway/socketio/cluster/sharded_codec.hpp>

#include <type_traits>
#include <utility>

using namespace chat_gateway;
using namespace chat_gateway::socketio::cluster;

namespace {

node_message decoded(std::string_view bytes) {
    auto n = sharded::decode(bytes);
    FUZZ_CHECK(n.has_value());
    return std::move(*n);
}

template <class T>
void check(const std::string& uid, const T& what) {
    FUZZ_CHECK(what.nsp.starts_with('/') && what.nsp.find(',') == std::string::npos);
    if constexpr (!std::is_same_v<T, response>) FUZZ_CHECK(is_valid_utf8(what.packet));
    const auto encoded = sharded::encode(uid, what);
    if (what.attachments.empty()) {
        FUZZ_CHECK(encoded && decoded(*encoded) == (node_message{uid, what}));
        return;
    }
    // Data that looks like a placeholder is taken for one, or refused; from then on it is one.
    if (!encoded) return;
    const auto again = decoded(*encoded);
    const auto encoded_again = sharded::encode(uid, std::get<T>(again.what));
    FUZZ_CHECK(encoded_again && decoded(*encoded_again) == again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto n = sharded::decode(fuzz::input(data, size).rest());
    if (!n) return 0;
    if (const auto* m = std::get_if<message>(&n->what)) {
        FUZZ_CHECK(sharded::channel_of("prefix", *m).starts_with("prefix#/"));
        check(n->uid, *m);
    }
    if (const auto* r = std::get_if<request>(&n->what)) check(n->uid, *r);
    if (const auto* r = std::get_if<response>(&n->what)) check(n->uid, *r);
    return 0;
}
