#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/socketio/cluster/message.hpp>

#include <string>
#include <string_view>

namespace chat_gateway::socketio::cluster::classic {

/// Channels of @socket.io/redis-adapter 8, classic: `<prefix>#<nsp>#` and `<prefix>#<nsp>#<room>#`.
std::string general_channel(std::string_view prefix, std::string_view nsp);
std::string room_channel(std::string_view prefix, std::string_view nsp, std::string_view room);
/// The channel a broadcast goes to: the room's if it is for exactly one room and not to_all_nodes,
/// else the general one.
std::string channel_of(std::string_view prefix, const message& m);

/// A broadcast as members and emitters publish it: msgpack `[uid, packet, opts]`. errc::malformed
/// for anything that is not a complete one with string uid, packet map with type EVENT (2, or 5
/// from old emitters) and a `data` array that begins with the event's name, and opts map whose
/// rooms are lists of names or numbers; never throws; depth of the data is bounded (256); trailing
/// bytes are malformed. `nsp` absent = `/`. Data leaves as Node's JSON.stringify would print it
/// after notepack's decode (see msgpack_json); binary inside becomes attachments and a
/// BINARY_EVENT.
result<message> decode_broadcast(std::string_view bytes);

/// The bytes for a broadcast of ours, as a Node server's adapter encodes them (keys type,data,nsp;
/// rooms,except,flags). errc::malformed if m.packet is not an EVENT with JSON data, without ack id,
/// of m.nsp and with as many attachments as m has; attachments are put back in their places.
result<std::string> encode_broadcast(std::string_view uid, const message& m);

}  // namespace chat_gateway::socketio::cluster::classic
