#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/socketio/cluster/classic_codec.hpp>
#include <chat_gateway/socketio/cluster/node_message.hpp>

#include <string>
#include <string_view>

/// The wire of @socket.io/redis-adapter 8's createShardedAdapter: one form for everything,
/// `{"type":..,"data":..,"uid":..,"nsp":..}`, as JSON or, with binary inside, as MessagePack.
namespace chat_gateway::socketio::cluster::sharded {

/// `<prefix>#<nsp>#`, and for a room `<prefix>#<nsp>#<room>#`.
using classic::general_channel;
using classic::room_channel;
/// `<prefix>#<nsp>#<uid>#`: where node `uid` gets its answers.
std::string node_channel(std::string_view prefix, std::string_view nsp, std::string_view uid);
/// Whether the room has a channel of its own in the adapter's default mode, `dynamic`: all but
/// those whose names are 20 characters (UTF-16 units) long, as the ids of sockets are.
bool has_channel(std::string_view room);
/// Where a broadcast goes in that mode: to its room's channel if it is for exactly one that has
/// one, and not to_all_nodes. Requests, those for acks included, go to the general channel.
std::string channel_of(std::string_view prefix, const message& m);

/// Never throws. `ignored` for types that no sharded adapter handles (1, 2, 13, unknown ones).
/// errc::malformed for anything that is not complete: no uid or namespace, a broadcast that is no
/// EVENT, rooms that are missing or no list of names or numbers (which must not be read as
/// "everybody"), a question or answer without its id, trailing bytes. JSON values keep the text
/// that they have in JSON, and are what Node's JSON.stringify prints out of MessagePack; a value
/// may nest 256 deep, in MessagePack the whole may. Attachments of a `fetched` response are those
/// of its sockets' data. The channel tells whom a response is for: `to` is empty.
result<node_message> decode(std::string_view bytes);

/// The bytes as Node writes them for `uid`; JSON without attachments, MessagePack with. `from` and
/// `to` are not looked at. errc::malformed for what a peer would refuse or misread, among it: a
/// packet that is not an EVENT with JSON data, without ack id, of its nsp and with as many
/// attachments as there are; JSON that is none; a question or answer without id; kinds that this
/// wire does not have (request_kind::sockets, all_rooms; response_kind::sockets, rooms, done).
result<std::string> encode(std::string_view uid, const message& m);
result<std::string> encode(std::string_view uid, const request& r);
result<std::string> encode(std::string_view uid, const response& r);

}  // namespace chat_gateway::socketio::cluster::sharded
