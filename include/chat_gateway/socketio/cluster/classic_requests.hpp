#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/socketio/cluster/request.hpp>

#include <string>
#include <string_view>

/// Requests between nodes as @socket.io/redis-adapter 8 (classic) and @socket.io/redis-emitter 5
/// send them. Namespaces are not in the bytes: they are part of the channel.
namespace chat_gateway::socketio::cluster::classic {

/// `<prefix>-request#<nsp>#`: every node listens there, exactly once, since callers count it.
std::string request_channel(std::string_view prefix, std::string_view nsp);
/// `<prefix>-response#<nsp>#`, where every version of the adapter listens.
std::string response_channel(std::string_view prefix, std::string_view nsp);
/// `<prefix>-response#<nsp>#<uid>#`: where a node may be answered alone.
std::string response_channel(std::string_view prefix, std::string_view nsp, std::string_view uid);

/// JSON, or msgpack if it does not begin with `{`. Old peers' `sid` and `room` forms of join and
/// leave are taken as well. errc::malformed for anything else, unknown types included: what does
/// not say whom it means must not be read as "everybody". Never throws.
result<request> decode_request(std::string_view bytes);
/// errc::malformed for what a Node peer would not understand: a broadcast that is not an event of
/// JSON data, or has no id; data that is no JSON array. `r.from` empty: as an emitter says it.
result<std::string> encode_request(const request& r);

/// errc::malformed for what is no answer.
result<response> decode_response(std::string_view bytes);
/// errc::malformed if there is no request id, or data is no JSON.
result<std::string> encode_response(const response& r);

}  // namespace chat_gateway::socketio::cluster::classic
