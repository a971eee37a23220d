#include "property/generators.hpp"
#include "unit/websocket/client_frame.hpp"
#include "unit/websocket/parser_dialogue.hpp"

#include <chat_gateway/websocket/deflate.hpp>
#include <chat_gateway/websocket/frame_encoder.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

namespace chat_gateway::websocket {
namespace {

using namespace property;
using namespace tests;
using compression = frame_parser::compression;

constexpr std::size_t limit = 5000;

/// What a client sends, and what is to come of it.
struct conversation {
    std::string bytes;
    std::vector<seen> events;
};

client_frame any_mask(client_frame f) {
    f.key = *rc::gen::arbitrary<std::array<unsigned char, 4>>();
    return f;
}

void maybe_control(conversation& c) {
    if (*rc::gen::inRange(0, 3) != 0) return;
    const bool is_ping = *rc::gen::arbitrary<bool>();
    const auto payload = any_bytes(125);
    c.bytes += any_mask({.payload = payload, .opcode = is_ping ? 9U : 10U}).bytes();
    c.events.push_back(is_ping ? ping(payload) : pong(payload));
}

void message(conversation& c, bool may_compress) {
    const bool is_text = *rc::gen::arbitrary<bool>();
    const auto content = is_text ? any_text(100) : any_bytes(400);
    const bool compressed = may_compress && *rc::gen::arbitrary<bool>();
    const auto sent = compressed ? std::string(deflate_message(content)) : content;
    const bool fragmented = *rc::gen::arbitrary<bool>();
    const auto pieces = fragmented ? cut(sent, any_sizes()) : std::vector<std::string>{sent};
    const auto count = pieces.empty() ? 1 : pieces.size();
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) maybe_control(c);
        c.bytes += any_mask({.payload = pieces.empty() ? "" : pieces[i],
                             .opcode = i > 0     ? 0U
                                       : is_text ? 1U
                                                 : 2U,
                             .fin = i + 1 == count,
                             .reserved = compressed && i == 0 ? 4U : 0U})
                       .bytes();
    }
    c.events.push_back(is_text ? text(content) : binary(content));
}

conversation any_conversation(compression form) {
    conversation c;
    for (int due = *rc::gen::inRange(0, 6); due > 0; --due) {
        maybe_control(c);
        message(c, form == compression::deflate);
    }
    if (*rc::gen::arbitrary<bool>()) {
        const auto reason = any_text(20);
        c.bytes += close_frame(1000, reason) + text_frame("late");
        c.events.push_back(close(1000, "\x03\xe8" + reason));
    }
    return c;
}

std::vector<seen> events_of(std::string_view bytes, const std::vector<std::size_t>& sizes,
                            compression form) {
    frame_parser parser(limit, form);
    std::vector<seen> all;
    for (const auto& piece : cut(bytes, sizes)) {
        for (auto& s : feed(parser, piece))
            all.push_back(std::move(s));
    }
    return all;
}

RC_GTEST_PROP(FrameParser, AnyConversationInAnyPiecesIsUnderstood, ()) {
    for (const auto form : {compression::none, compression::deflate}) {
        const auto c = any_conversation(form);
        RC_ASSERT(events_of(c.bytes, {c.bytes.size() + 1}, form) == c.events);
        RC_ASSERT(events_of(c.bytes, any_sizes(), form) == c.events);
        RC_ASSERT(events_of(c.bytes, {1}, form) == c.events);
    }
}

/// What the server writes is what a client sends but for the mask, so it can be read back here.
RC_GTEST_PROP(FrameEncoder, FramesAreReadBack, ()) {
    const auto size = *rc::gen::element<std::size_t>(0, 1, 125, 126, 127, 65535, 65536);
    const std::string payload(size, 'x');
    const auto frame = encode_frame(opcode::binary, payload);
    RC_ASSERT(frame.ends_with(payload));
    const auto header = frame.size() - size;
    const std::size_t expected = size <= 125 ? 2 : size <= 0xffff ? 4 : 10;
    RC_ASSERT(header == expected);
    auto masked = frame.substr(0, header);
    masked[1] = static_cast<char>(masked[1] | '\x80');
    masked += std::string(4, '\0') + payload;
    RC_ASSERT(parse(masked) == std::vector{binary(payload)});
}

RC_GTEST_PROP(Deflate, AnyMessageComesBack, ()) {
    const auto message =
        *rc::gen::arbitrary<bool>() ? any_bytes(2000) : std::string(any_bytes(5)).append(3000, 'a');
    std::string back;
    RC_ASSERT(inflate_message(deflate_message(message), message.size(), back) == close_code::none);
    RC_ASSERT(back == message);
}

}  // namespace
}  // namespace chat_gateway::websocket
