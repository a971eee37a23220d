// The body of POST /v1/messages: what is accepted reaches clients and the bus.
#include "fuzz/fuzz.hpp"

#include <chat_gateway/chat/server_message.hpp>
#include <chat_gateway/socketio/cluster/classic_codec.hpp>
#include <chat_gateway/socketio/packet.hpp>

#include <variant>

using namespace chat_gateway;
using namespace chat_gateway::socketio;

namespace {

void check_message(const cluster::message& m) {
    FUZZ_CHECK(m.rooms.size() == 1 && !m.rooms.front().empty());
    decoder d;
    packet p;
    FUZZ_CHECK(d.on_text(m.packet, p) == decoder::status::complete);
    FUZZ_CHECK(split_event(p.data).name == "serverMessage");
    const auto published = cluster::classic::encode_broadcast("uid", m);
    FUZZ_CHECK(published.has_value());
    const auto received = cluster::classic::decode_broadcast(*published);
    FUZZ_CHECK(received && received->rooms == m.rooms && received->attachments.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto parsed = chat::parse_server_messages(fuzz::input(data, size).rest());
    if (const auto* fault = std::get_if<std::string>(&parsed)) {
        FUZZ_CHECK(fault->find(": ") != std::string::npos);
        return 0;
    }
    for (const auto& m : std::get<0>(parsed))
        check_message(m);
    return 0;
}
