#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::socketio {

/// Socket.IO protocol v5 packet types; the digit on the wire is the value.
enum class packet_type : std::uint8_t {
    connect = 0,
    disconnect,
    event,
    ack,
    connect_error,
    binary_event,
    binary_ack
};

/// One packet. JSON stays text: this gateway hands most of it on as it is.
struct packet {
    packet_type type = packet_type::event;
    std::string nsp = "/";  ///< with its query, as sent
    std::string id = {};  ///< of the ack, as JavaScript prints it (rounded past 2^53); empty: none
    std::string data = {};                      ///< JSON text; empty: none
    std::vector<std::string> attachments = {};  ///< of the binary types, by placeholder number
    bool operator==(const packet&) const = default;
};

/// Text of a packet (what follows Engine.IO's `4`); attachments are sent behind it as binary
/// messages. `/` is never written; the attachment count comes from `attachments`.
std::string encode(const packet& p);

/// Messages in, packets out; holds what is due while attachments arrive. One per client, lives with
/// it. Malformed (the connection is then closed, socket.io-parser 4.2): types 7-9, bad JSON or
/// nesting deeper than 256, CONNECT payload not an object, DISCONNECT with payload, EVENT not a
/// non-empty array led by a string or number or led by a reserved name (connect connect_error
/// disconnect disconnecting newListener removeListener), ACK not an array, text while attachments
/// are due, binary when none is due, more than 10 or zero attachments, a placeholder number out of
/// range (told when the last attachment is there). A CONNECT with an id is accepted. A complete
/// packet's attachments are in wire order. Its JSON can be read by every strict reader: an escaped
/// lone surrogate, which only JavaScript lets pass, has become \ufffd.
class decoder {
public:
    enum class status : std::uint8_t { complete, incomplete, malformed };

    decoder();
    decoder(decoder&&) noexcept;
    decoder& operator=(decoder&&) noexcept;
    ~decoder();

    [[nodiscard]] status on_text(std::string_view text, packet& out);
    [[nodiscard]] status on_binary(std::string_view bytes, packet& out);

private:
    std::unique_ptr<packet> pending_;  ///< waits for attachments; null when idle
    std::uint8_t due_ = 0;             ///< attachments still to come
    bool placeholders_fit_ = true;
};

/// An EVENT's data, split: `["name",1,2]` is name `name` and args `[1,2]`. A numeric name becomes
/// its text. `data` has passed the decoder.
struct event_parts {
    std::string name;
    std::string args;
};
event_parts split_event(std::string_view data);

/// The packets a server answers with.
std::string connect_reply(std::string_view nsp, std::string_view sid, std::string_view pid = {});
/// `4{"message":..}`, the message escaped.
std::string connect_error(std::string_view nsp, std::string_view message);
std::string disconnect_packet(std::string_view nsp);
/// EVENT, or BINARY_EVENT if there are attachments: the inverse of split_event. `args`: JSON array
/// text without the name, its placeholders numbered below `attachments`, which follow as binary
/// messages.
std::string event_packet(std::string_view nsp, std::string_view name, std::string_view args,
                         std::size_t attachments = 0);
/// ACK, or BINARY_ACK if there are attachments; `args` likewise.
std::string ack_packet(std::string_view nsp, std::string_view id, std::string_view args,
                       std::size_t attachments = 0);

}  // namespace chat_gateway::socketio
