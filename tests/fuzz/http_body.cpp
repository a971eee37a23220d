// The bodies of HTTP requests, whole and in pieces. First byte: 0 chunked, else the length.
#include "fuzz/fuzz.hpp"

#include <chat_gateway/http/body_reader.hpp>

#include <algorithm>
#include <string>

using namespace chat_gateway;
using namespace chat_gateway::http;
using progress = body_reader::progress;

namespace {

constexpr std::size_t limit = 200;

struct outcome {
    progress what = progress::more;
    std::string body;
    std::size_t left = 0;  ///< of the input
    bool operator==(const outcome&) const = default;
};

outcome read(const request_head& head, std::string_view bytes,
             const std::vector<std::size_t>& sizes) {
    outcome o;
    body_reader reader(head, limit);
    for (std::size_t turn = 0; o.what == progress::more && !bytes.empty(); ++turn) {
        auto piece = bytes.substr(0, sizes[turn % sizes.size()]);
        const auto given = piece.size();
        o.what = reader.feed(piece, o.body);
        FUZZ_CHECK(o.what != progress::more || piece.empty());
        bytes.remove_prefix(given - piece.size());
    }
    FUZZ_CHECK(o.body.size() <= limit);
    // Where a bad body ends means nothing: the connection does.
    if (o.what == progress::complete) o.left = bytes.size();
    return o;
}

std::string chunked(std::string_view body, const std::vector<std::size_t>& sizes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (std::size_t turn = 0; !body.empty(); ++turn) {
        const auto piece = body.substr(0, sizes[turn % sizes.size()]);
        body.remove_prefix(piece.size());
        out += {digits[piece.size() / 16], digits[piece.size() % 16], ';', 'x', '\r', '\n'};
        out.append(piece).append("\r\n");
    }
    return out + "0\r\nTrailer: x\r\n\r\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    request_head head;
    head.length = in.byte();
    head.framing = head.length == 0 ? body_framing::chunked : body_framing::length;
    const auto sizes = in.piece_sizes();
    const auto bytes = in.rest();
    const auto whole = read(head, bytes, {bytes.size() + 1});
    FUZZ_CHECK(read(head, bytes, sizes) == whole);
    FUZZ_CHECK(whole.left <= bytes.size());
    if (head.framing == body_framing::length) {
        FUZZ_CHECK(head.length <= limit || bytes.empty() || whole.what == progress::too_large);
        FUZZ_CHECK(whole.what == progress::too_large ||
                   whole.body == bytes.substr(0, static_cast<std::size_t>(head.length)));
    }

    const auto body = bytes.substr(0, limit);
    request_head own;
    own.framing = body_framing::chunked;
    const auto text = chunked(body, sizes) + "GET";
    const outcome expected{.what = progress::complete, .body = std::string(body), .left = 3};
    FUZZ_CHECK(read(own, text, {text.size()}) == expected);
    return 0;
}
