// Line 1 a block of trusted addresses, line 2 the peer, the lines behind them X-Forwarded-For.
#include "fuzz/fuzz.hpp"

#include <chat_gateway/http/forwarded.hpp>

using namespace chat_gateway;
using namespace chat_gateway::http;

namespace {

bool is_address(std::string_view text) {
    return text.find('/') == std::string_view::npos && cidr::parse(text).has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const auto block_text = in.line();
    const auto block = cidr::parse(block_text);
    const auto network = block_text.substr(0, block_text.find('/'));
    if (block) {
        FUZZ_CHECK(is_address(network));
        // An IPv4 block holds itself; IPv6 ones but for those of mapped addresses, cut short.
        const bool mapped =
            network.find(':') != network.npos && cidr::parse("0.0.0.0/0")->contains(network);
        FUZZ_CHECK(mapped || block->contains(network));
    } else {
        FUZZ_CHECK(block.error() == errc::malformed);
    }

    request r;
    r.peer = in.line();
    r.trusted_peer = r.peer.empty();
    while (!in.empty())
        r.headers.push_back({"X-Forwarded-For", std::string(in.line())});
    std::vector<cidr> trusted;
    if (block) trusted.push_back(*block);
    const auto client = client_address(r, trusted);
    FUZZ_CHECK(client == r.peer || is_address(client));
    FUZZ_CHECK(r.trusted_peer || !trusted.empty() || r.headers.empty() || client == r.peer ||
               is_address(r.peer));

    // Canonical: taken for a peer's that nobody trusts, it stays as it is.
    request direct;
    direct.peer = client;
    FUZZ_CHECK(client_address(direct, {}) == client);
    return 0;
}
