// The arguments of clientJoinRoom and clientLeaveRoom.
#include "fuzz/fuzz.hpp"

#include <chat_gateway/chat/client_events.hpp>
#include <chat_gateway/socketio/cluster/msgpack_json.hpp>

using namespace chat_gateway;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto id = chat::chat_id_of(fuzz::input(data, size).rest());
    if (!id) return 0;
    FUZZ_CHECK(!id->empty() && id->size() <= chat::max_chat_id);
    std::string args = R"([{"chat_id":)";
    socketio::cluster::append_js_string(args, *id);
    args += "}]";
    FUZZ_CHECK(chat::chat_id_of(args) == id);
    return 0;
}
