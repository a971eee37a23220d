#pragma once

#include <chat_gateway/websocket/frame.hpp>

#include <cstddef>
#include <string>
#include <string_view>

/// permessage-deflate (RFC 7692), without context takeover in either direction: every message is
/// compressed on its own, so that one compressed frame serves all recipients and a connection keeps
/// no zlib state. The states are the thread's, made when first needed (a compressor 256 KiB, a
/// decompressor 60 KiB) and used again for every message.
namespace chat_gateway::websocket {

/// What a server answers to a client's offers.
struct deflate_terms {
    bool malformed = false;  ///< not the grammar of RFC 6455 section 9.1: to be refused with 400
    /// Value of Sec-WebSocket-Extensions; empty: no offer can be accepted, or none was made.
    std::string answer;
    /// The client can read what deflate_message makes. False although there is an answer if it
    /// wants a smaller window than ours: then it is sent uncompressed frames, which is always
    /// allowed.
    bool send = false;

    [[nodiscard]] bool agreed() const { return !answer.empty(); }
    bool operator==(const deflate_terms&) const = default;
};

/// `offers`: the values of all Sec-WebSocket-Extensions headers, joined by commas; the client's
/// order is its preference. Takes the first permessage-deflate offer that RFC 7692 section 7.1
/// allows to take: offers with unknown, repeated or wrong parameters and other extensions are
/// declined. server_max_window_bits and client_max_window_bits are answered with the value that was
/// asked for; client_max_window_bits without a value is not answered, which leaves the client its
/// 15. Linear in the length, no allocation but the answer.
[[nodiscard]] deflate_terms negotiate_deflate(std::string_view offers);

/// The payload of a frame with RSV1 for one whole message: raw DEFLATE, window of 15 bits, zlib's
/// default level, without the final 00 00 FF FF. Valid until the next call on this thread.
[[nodiscard]] std::string_view deflate_message(std::string_view message);

/// The opposite, appended to `out`, for any DEFLATE stream that RFC 7692 section 7.2.3 allows
/// (BFINAL blocks, too). none; invalid_payload: not DEFLATE, or cut off; too_big: more than `max`
/// bytes, found before more than that have been kept. After an error `out` holds a part.
[[nodiscard]] close_code inflate_message(std::string_view compressed, std::size_t max,
                                         std::string& out);

}  // namespace chat_gateway::websocket
