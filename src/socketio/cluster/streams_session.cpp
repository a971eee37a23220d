#include "cluster/msgpack_reader.hpp"
#include "cluster/msgpack_writer.hpp"
#include "cluster/node_data.hpp"

#include <chat_gateway/base/text.hpp>
#include <chat_gateway/socketio/cluster/msgpack_json.hpp>
#include <chat_gateway/socketio/cluster/streams_codec.hpp>

namespace chat_gateway::socketio::cluster::streams {
namespace {

using msgpack::kind;
using msgpack::reader;
using msgpack::token;

/// With them the head of a value is a multiple of three bytes, which base64 can be cut at.
constexpr std::size_t owner_bytes = 20;

bool read_id(reader& in, std::string& id) {
    token t;
    if (!in.next(t) || t.what != kind::string) return false;
    id = t.bytes;
    return true;
}

bool read_rooms(reader& in, std::vector<std::string>& rooms) {
    rooms.clear();
    token list;
    if (!in.next(list) || list.what != kind::array) return false;
    for (auto due = list.size; due > 0; --due) {
        token room;
        if (!in.next(room)) return false;
        std::string& name = rooms.emplace_back();
        if (room.what == kind::string) {
            name = room.bytes;
        } else if (room.what == kind::integer) {
            append_js_number(name, static_cast<double>(room.integer));
        } else {
            return false;
        }
    }
    return true;
}

bool read_data(reader& in, kept_session& s) {
    s.data.clear();
    s.attachments.clear();
    const auto size = append_json(in.rest(), s.data, s.attachments);
    if (!size) return false;
    in.advance(*size);
    if (s.data == "null") s.data = "{}";
    return s.data.starts_with('{');
}

}  // namespace

std::string session_key(std::string_view pid) {
    return std::string("sio:session:").append(pid);
}

result<kept_session> decode_session(std::string_view value) {
    const auto bytes = base64_decode_lenient(value);
    reader in(bytes);
    token map;
    kept_session s;
    bool has_rooms = false;
    if (!in.next(map) || map.what != kind::map) return errc::malformed;
    for (auto due = map.size; due > 0; --due) {
        token key;
        if (!in.next(key) || key.what != kind::string) return errc::malformed;
        const bool good = key.bytes == "o"       ? read_id(in, s.owner)
                          : key.bytes == "sid"   ? read_id(in, s.sid)
                          : key.bytes == "pid"   ? read_id(in, s.pid)
                          : key.bytes == "rooms" ? (has_rooms = read_rooms(in, s.rooms))
                          : key.bytes == "data"  ? read_data(in, s)
                                                 : in.skip();
        if (!good) return errc::malformed;
    }
    if (!has_rooms || s.sid.empty() || s.pid.empty()) return errc::malformed;
    if (!in.rest().empty()) return errc::malformed;
    return s;
}

result<std::string> encode_session(const kept_session& s) {
    if (s.sid.empty() || s.pid.empty() || !s.data.starts_with('{')) return errc::malformed;
    if (!s.owner.empty() && s.owner.size() != owner_bytes) return errc::malformed;
    const auto data = node_data::msgpack_of(s.data, s.attachments);
    if (!data) return data.error();
    std::string bytes;
    msgpack::append_map_head(bytes, s.owner.empty() ? 4 : 5);
    if (!s.owner.empty()) {
        msgpack::append_string(bytes, "o");
        msgpack::append_string(bytes, s.owner);
    }
    msgpack::append_string(bytes, "sid");
    msgpack::append_string(bytes, s.sid);
    msgpack::append_string(bytes, "pid");
    msgpack::append_string(bytes, s.pid);
    msgpack::append_string(bytes, "rooms");
    msgpack::append_array_head(bytes, s.rooms.size());
    for (const auto& room : s.rooms) {
        msgpack::append_string(bytes, room);
    }
    msgpack::append_string(bytes, "data");
    bytes += *data;
    return base64_encode(bytes);
}

}  // namespace chat_gateway::socketio::cluster::streams
