#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/socketio/cluster/classic_codec.hpp>
#include <chat_gateway/socketio/cluster/node_message.hpp>

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The wire of @socket.io/redis-streams-adapter 0.3 and its emitter. Broadcasts, joins, leaves and
/// disconnects are entries of a stream; what asks for answers, and the answers, are published.
namespace chat_gateway::socketio::cluster::streams {

/// `<prefix>#<nsp>#`: questions. Peers count its subscribers, so a node has one subscription.
using classic::general_channel;
/// `<prefix>#<nsp>#<uid>#`: where node `uid` gets its answers.
std::string node_channel(std::string_view prefix, std::string_view nsp, std::string_view uid);

/// Names and values in turn, as XADD takes them: `uid`, `nsp`, `type`, `data`.
using entry = std::array<std::string, 8>;

/// Names and values in turn, as XREAD gives them, in any order; others are passed over. `data` is
/// JSON if it begins with `{`, else base64 of MessagePack. Never throws. `ignored` for entries
/// without `nsp`, as Node skips them, and types that are not stored (3, 4, 5, 6, and 9 of emitters
/// are); errc::malformed as sharded::decode has it.
result<node_message> decode_entry(std::span<const std::string_view> fields);

/// Whether this node appends the request to the stream, or publishes it.
bool is_stored(const request& r);

/// What Node appends for `uid`. `from` is not looked at; errc::malformed as sharded::encode has it,
/// and for requests that are not stored.
result<entry> encode_entry(std::string_view uid, const message& m);
result<entry> encode_entry(std::string_view uid, const request& r);

/// What is published: a MessagePack map `{type,data,uid,nsp}`. See sharded::decode.
result<node_message> decode_published(std::string_view bytes);
/// See sharded::encode; errc::malformed for requests that are stored.
result<std::string> encode_published(std::string_view uid, const request& r);
result<std::string> encode_published(std::string_view uid, const response& r);

/// A session of Connection State Recovery, kept by the node that it has left.
struct kept_session {
    /// Who keeps it, 20 bytes or none: first of all, so that the same owner's values begin alike
    /// (in 32 characters). Node passes over it.
    std::string owner{};
    std::string sid{};  ///< the Socket.IO id
    std::string pid{};  ///< the private id, by which the client asks for it
    std::vector<std::string> rooms{};
    std::string data = "{}";                 ///< `socket.data`: JSON object
    std::vector<std::string> attachments{};  ///< of data
    bool operator==(const kept_session&) const = default;
};

/// `sio:session:<pid>`.
std::string session_key(std::string_view pid);
/// The value of that key: base64 of MessagePack `{o,sid,pid,rooms,data}`, `o` being the owner.
/// errc::malformed if a part is missing or of another kind (`data` may be missing or nil: `{}`);
/// never throws.
result<kept_session> decode_session(std::string_view value);
/// errc::malformed if an id is empty, an owner of another size, or data no JSON object.
result<std::string> encode_session(const kept_session& s);

}  // namespace chat_gateway::socketio::cluster::streams
