// The parser of WebSocket frames, with and without compression, fed whole and in pieces. Bytes as
// they are find what is wrong with headers; frames described by the input get behind the mask,
// where texts and fragments are.
#include "fuzz/fuzz.hpp"
#include "unit/websocket/client_frame.hpp"
#include "unit/websocket/parser_dialogue.hpp"

#include <chat_gateway/base/text.hpp>
#include <chat_gateway/websocket/deflate.hpp>

#include <string>

using namespace chat_gateway;
using namespace chat_gateway::tests;
using kind = websocket::event::kind;

namespace {

constexpr std::size_t limit = 1000;

std::string described_frames(fuzz::input in) {
    std::string stream;
    while (!in.empty()) {
        const unsigned head = in.byte();
        client_frame f{.opcode = head & 0x0f, .fin = (head & 0x80) != 0};
        f.key[0] = static_cast<unsigned char>(in.byte());
        if ((head & 0x70) == 0x70) f.reserved = in.byte() & 7;
        if ((head & 0x70) == 0x60) f.masked = false;
        if ((head & 0x70) == 0x50) f.length_bytes = 2;
        if ((head & 0x70) == 0x40) f.length_bytes = 8;
        f.payload = in.bytes((head & 0x70) == 0x30 ? 200 + in.byte() * 4 : in.byte() % 126);
        if (f.payload.size() > 125 && f.length_bytes < 0) f.length_bytes = 2;
        if ((head & 0x70) == 0x20) {
            f.payload = websocket::deflate_message(f.payload);
            f.reserved = 4;
        }
        if ((head & 0x70) == 0x10) f.reserved = 4;
        stream += f.bytes();
    }
    return stream;
}

std::vector<seen> parse(std::string_view bytes, const std::vector<std::size_t>& sizes,
                        websocket::frame_parser::compression c) {
    websocket::frame_parser parser(limit, c);
    std::vector<seen> all;
    for (std::size_t turn = 0; !bytes.empty(); ++turn) {
        const auto piece = bytes.substr(0, sizes[turn % sizes.size()]);
        bytes.remove_prefix(piece.size());
        for (auto& s : feed(parser, piece))
            all.push_back(std::move(s));
    }
    return all;
}

void check_events(const std::vector<seen>& events) {
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto& e = events[i];
        const bool last = i + 1 == events.size();
        if (e.what == kind::text) FUZZ_CHECK(is_valid_utf8(e.payload));
        if (e.what == kind::text || e.what == kind::binary) FUZZ_CHECK(e.payload.size() <= limit);
        if (e.what == kind::ping || e.what == kind::pong) FUZZ_CHECK(e.payload.size() <= 125);
        if (e.what == kind::close || e.what == kind::error) FUZZ_CHECK(last);
        if (e.what == kind::error) FUZZ_CHECK(e.payload.empty() && e.code != 0);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const auto form = in.byte();
    const bool described = form % 2 == 1;
    const auto compression = (form & 2) != 0 ? websocket::frame_parser::compression::deflate
                                             : websocket::frame_parser::compression::none;
    const auto sizes = in.piece_sizes();
    const auto stream = described ? described_frames(in) : std::string(in.rest());
    const auto events = parse(stream, {stream.size() + 1}, compression);
    check_events(events);
    FUZZ_CHECK(parse(stream, sizes, compression) == events);
    return 0;
}
