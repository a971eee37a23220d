#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/socketio/cluster/node_message.hpp>

#include <string>
#include <string_view>
#include <vector>

/// What the wires of the sharded and the streams adapter share: the types of messages, and the form
/// of each type's data.
namespace chat_gateway::socketio::cluster::node_data {

/// As socket.io-adapter's MessageType numbers them.
enum type : int {
    broadcast = 3,
    sockets_join = 4,
    sockets_leave = 5,
    disconnect_sockets = 6,
    fetch_sockets = 7,
    fetch_sockets_response = 8,
    server_side_emit = 9,
    server_side_emit_response = 10,
    broadcast_client_count = 11,
    broadcast_ack = 12,
};

/// How JavaScript's `undefined` is written: notepack and JSON leave such members out, @msgpack
/// writes them as nil.
enum class undefined { left_out, null };

/// A comma would end the namespace early in the clients' packet.
inline bool is_namespace(std::string_view nsp) {
    return nsp.starts_with('/') && nsp.find(',') == std::string_view::npos;
}

/// A message's type and its data as JSON, with the attachments' placeholders.
struct typed {
    int type;
    std::string data;
};

/// errc::malformed for what cannot be said in this form, see sharded::encode.
result<typed> data_of(const message& m);
result<typed> data_of(const request& r);
result<typed> data_of(const response& r, undefined u);

/// `{"type":..,"data":..,"uid":..,"nsp":..}`; errc::malformed if `nsp` is no namespace.
result<std::string> envelope(const typed& t, std::string_view uid, std::string_view nsp);

/// JSON of those as MessagePack. Half a surrogate pair, which JSON can name, becomes U+FFFD.
result<std::string> msgpack_of(std::string json, const std::vector<std::string>& attachments);

/// The inverse: reads an envelope as JSON, see sharded::decode.
result<node_message> read_json(std::string_view text, std::vector<std::string> attachments);
/// An envelope as MessagePack.
result<node_message> read_msgpack(std::string_view bytes);
/// Data that came without an envelope.
result<node_message> read_data(int type, std::string_view uid, std::string_view nsp,
                               std::string_view data, std::vector<std::string> attachments);

}  // namespace chat_gateway::socketio::cluster::node_data
