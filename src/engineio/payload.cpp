#include <chat_gateway/base/text.hpp>
#include <chat_gateway/engineio/payload.hpp>

#include <algorithm>

namespace chat_gateway::engineio {

namespace {

constexpr char binary_mark = 'b';

/// False: `text` is no packet.
bool add_packet(decoded_payload& into, std::string_view text) {
    if (!text.empty() && text.front() == binary_mark) {
        const auto& bytes = into.binaries.emplace_back(base64_decode_lenient(text.substr(1)));
        into.packets.push_back({.type = packet_type::message, .data = bytes, .binary = true});
        return true;
    }
    const auto p = decode_packet(text);
    if (p) into.packets.push_back(*p);
    return p.has_value();
}

void separate(std::string& body) {
    if (!body.empty()) body += record_separator;
}

}  // namespace

decoded_payload decode_payload(std::string_view body) {
    decoded_payload result;
    for (bool more = true; more && !result.malformed;) {
        const auto end = std::min(body.find(record_separator), body.size());
        result.malformed = !add_packet(result, body.substr(0, end));
        more = end < body.size();
        if (more) body.remove_prefix(end + 1);
    }
    return result;
}

void append_text(std::string& body, std::string_view encoded_packet) {
    separate(body);
    body += encoded_packet;
}

void append_binary(std::string& body, std::string_view bytes) {
    separate(body);
    body += binary_mark;
    base64_append(body, bytes);
}

}  // namespace chat_gateway::engineio
