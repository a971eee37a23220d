#include "unit/websocket/client_frame.hpp"
#include "unit/websocket/parser_dialogue.hpp"

#include <chat_gateway/websocket/frame_parser.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace {

using namespace chat_gateway::tests;
using chat_gateway::websocket::event;

constexpr std::size_t limit = 300;

rc::Gen<std::string> any_bytes(std::size_t most) {
    return rc::gen::mapcat(rc::gen::inRange<std::size_t>(0, most + 1), [](std::size_t size) {
        return rc::gen::container<std::string>(size, rc::gen::arbitrary<char>());
    });
}

/// Pieces of whole and of cut characters, so that many texts are valid and many nearly so.
rc::Gen<std::string> text_like() {
    const auto part =
        rc::gen::element<std::string>("a", "plain ascii text ", "\xc3\xa9", "\xe2\x82\xac",
                                      "\xf0\x9f\x98\x80", "\xe2\x82", "\xac", "\xff");
    return rc::gen::map(rc::gen::container<std::vector<std::string>>(part), [](const auto& parts) {
        std::string text;
        for (const auto& p : parts)
            text += p;
        return text;
    });
}

/// Mostly right frames, so that streams get somewhere before the first fault.
rc::Gen<std::string> any_frame() {
    const auto frame = rc::gen::apply(
        [](unsigned opcode, bool fin, unsigned fault, std::string payload,
           std::array<unsigned char, 4> key) {
            client_frame f{.payload = std::move(payload), .opcode = opcode, .fin = fin, .key = key};
            if (opcode >= 8) {
                f.fin = true;
                f.payload.resize(std::min<std::size_t>(f.payload.size(), 125));
            }
            if (fault == 0) f.reserved = 1;
            if (fault == 1) f.masked = false;
            if (fault == 2) f.fin = false;
            if (fault == 3) f.length_bytes = 8;
            return f.bytes();
        },
        rc::gen::element(0U, 0U, 0U, 1U, 1U, 2U, 8U, 9U, 9U, 10U, 10U, 11U),
        rc::gen::arbitrary<bool>(), rc::gen::inRange(0U, 60U),
        rc::gen::oneOf(text_like(), any_bytes(150)),
        rc::gen::arbitrary<std::array<unsigned char, 4>>());
    return frame;
}

rc::Gen<std::string> any_stream() {
    return rc::gen::map(rc::gen::container<std::vector<std::string>>(any_frame()),
                        [](const auto& frames) {
                            std::string stream;
                            for (const auto& f : frames)
                                stream += f;
                            return stream;
                        });
}

rc::Gen<std::vector<std::size_t>> any_sizes() {
    return rc::gen::nonEmpty(
        rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(1, 40)));
}

bool ends(const seen& s) {
    return s.what == event::kind::close || s.what == event::kind::error;
}

RC_GTEST_PROP(FrameParserProperty, AnySplitGivesTheSameEvents, ()) {
    const auto stream = *any_stream();
    const auto sizes = *any_sizes();
    RC_ASSERT(parse_in_pieces(stream, sizes, limit) == parse(stream, limit));
    RC_ASSERT(parse_in_pieces(stream, {1}, limit) == parse(stream, limit));
}

RC_GTEST_PROP(FrameParserProperty, NothingComesAfterTheEnd, ()) {
    const auto stream = *rc::gen::oneOf(any_stream(), any_bytes(400));
    const auto events = parse_in_pieces(stream + text_frame("more"), *any_sizes(), limit);
    const auto end = std::find_if(events.begin(), events.end(), ends);
    RC_ASSERT(end == events.end() || end + 1 == events.end());
}

RC_GTEST_PROP(FrameParserProperty, GarbageBehindAGoodStartNeverCrashes, ()) {
    const auto stream = *any_frame() + *any_bytes(400);
    for (const auto& s : parse_in_pieces(stream, *any_sizes(), limit))
        RC_ASSERT(s.payload.size() <= limit);
}

RC_GTEST_PROP(FrameParserProperty, FragmentsJoinToWhatWasCut, ()) {
    const auto payload = *any_bytes(limit);
    const auto cut = *rc::gen::inRange<std::size_t>(0, payload.size() + 1);
    const auto stream =
        binary_frame(payload.substr(0, cut), false) + continuation_frame(payload.substr(cut), true);
    RC_ASSERT(parse_in_pieces(stream, *any_sizes(), limit) == std::vector{binary(payload)});
}

}  // namespace
