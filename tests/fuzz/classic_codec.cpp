// A broadcast from Redis: what is decoded can be published again and means the same then.
#include "fuzz/fuzz.hpp"

#include <chat_gateway/socketio/cluster/classic_codec.hpp>

using namespace chat_gateway;
using namespace chat_gateway::socketio::cluster;

namespace {

message decoded(std::string_view bytes) {
    auto m = classic::decode_broadcast(bytes);
    FUZZ_CHECK(m.has_value());
    return std::move(*m);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto m = classic::decode_broadcast(fuzz::input(data, size).rest());
    if (!m) return 0;
    FUZZ_CHECK(m->nsp.starts_with('/') && m->nsp.find(',') == std::string::npos);
    FUZZ_CHECK(m->packet.starts_with(m->attachments.empty() ? '2' : '5'));
    FUZZ_CHECK(!classic::channel_of("prefix", *m).empty());

    const auto encoded = classic::encode_broadcast("uid", *m);
    if (m->attachments.empty()) {
        FUZZ_CHECK(encoded && decoded(*encoded) == *m);
        return 0;
    }
    // Data that looks like a placeholder is taken for one, or refused; from then on it is one.
    if (!encoded) return 0;
    const auto again = decoded(*encoded);
    const auto encoded_again = classic::encode_broadcast("uid", again);
    FUZZ_CHECK(encoded_again && decoded(*encoded_again) == again);
    return 0;
}
