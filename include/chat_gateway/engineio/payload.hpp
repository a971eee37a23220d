#pragma once

#include <chat_gateway/engineio/packet.hpp>

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::engineio {

/// Between two packets of a polling payload.
inline constexpr char record_separator = '\x1e';

/// A polling body as packets. Owns decoded binaries; the other packets view `body`, which must
/// outlive it. Move it, never copy it: the packets view its binaries. Packets in front of a bad one
/// are kept and `malformed` is set (Node delivers them, then closes: "parse error").
struct decoded_payload {
    std::vector<packet> packets;
    std::deque<std::string> binaries;
    bool malformed = false;
};
decoded_payload decode_payload(std::string_view body);

/// Appends one text packet (already encoded, `4..`) or one binary message (`b` + base64) to a
/// polling body.
void append_text(std::string& body, std::string_view encoded_packet);
void append_binary(std::string& body, std::string_view bytes);

}  // namespace chat_gateway::engineio
