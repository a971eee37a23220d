// Sec-WebSocket-Extensions: a client's offers of permessage-deflate.
#include "fuzz/fuzz.hpp"

#include <chat_gateway/websocket/deflate.hpp>

#include <string>

using namespace chat_gateway::websocket;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string offers(chat_gateway::fuzz::input(data, size).rest());
    const auto terms = negotiate_deflate(offers);
    if (!terms.agreed()) {
        FUZZ_CHECK(!terms.send);
    } else {
        FUZZ_CHECK(!terms.malformed);
        FUZZ_CHECK(terms.answer.starts_with("permessage-deflate; "));
        // An answer says no more than what may be offered; taken for an offer it gives itself.
        FUZZ_CHECK(negotiate_deflate(terms.answer) == terms);
    }
    // The first that can be had is taken, whatever else is offered around it.
    const auto later = negotiate_deflate("x-other; a=\"b\", " + offers);
    FUZZ_CHECK(later == terms);
    const auto plain = negotiate_deflate("permessage-deflate");
    FUZZ_CHECK(negotiate_deflate("permessage-deflate," + offers) ==
               (terms.malformed ? terms : plain));
    return 0;
}
