// Packets of Engine.IO and the polling bodies that they come in.
#include "fuzz/fuzz.hpp"

#include <chat_gateway/engineio/payload.hpp>

#include <string>

using namespace chat_gateway;
using namespace chat_gateway::engineio;

namespace {

void check_packet(const packet& p) {
    if (p.binary) FUZZ_CHECK(p.type == packet_type::message);
    const auto text = encode_packet(p.type, p.data);
    const auto again = decode_packet(text);
    FUZZ_CHECK(again && again->type == p.type && again->data == p.data && !again->binary);
}

std::string encoded(const decoded_payload& payload) {
    std::string body;
    for (const auto& p : payload.packets) {
        if (p.binary) {
            append_binary(body, p.data);
        } else {
            append_text(body, encode_packet(p.type, p.data));
        }
    }
    return body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto body = fuzz::input(data, size).rest();
    if (const auto one = decode_packet(body)) check_packet(*one);

    const auto payload = decode_payload(body);
    FUZZ_CHECK(payload.malformed || !payload.packets.empty());
    for (const auto& p : payload.packets)
        check_packet(p);
    if (payload.packets.empty()) return 0;

    const auto canonical = encoded(payload);
    const auto again = decode_payload(canonical);
    FUZZ_CHECK(!again.malformed && again.packets == payload.packets);
    FUZZ_CHECK(encoded(again) == canonical);
    return 0;
}
