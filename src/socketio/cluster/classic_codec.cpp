#include "cluster/msgpack_reader.hpp"
#include "cluster/msgpack_writer.hpp"

#include <chat_gateway/socketio/cluster/classic_codec.hpp>
#include <chat_gateway/socketio/cluster/msgpack_json.hpp>

#include <cstdint>

namespace chat_gateway::socketio::cluster::classic {
namespace {

using msgpack::kind;
using msgpack::reader;
using msgpack::token;

constexpr std::string_view whitespace = " \t\n\r";

/// Calls field(key) for each entry of the map that comes next; field reads the value.
template <class F>
bool read_map(reader& in, F&& field) {
    token map;
    if (!in.next(map) || map.what != kind::map) return false;
    for (auto due = map.size; due > 0; --due) {
        token key;
        if (!in.next(key) || key.what != kind::string || !field(key.bytes)) return false;
    }
    return true;
}

/// Rooms are names; a number, which JavaScript callers may pass, is meant as its text. Anything
/// else must not be read as "no rooms", which is everybody.
bool read_rooms(reader& in, std::vector<std::string>& rooms) {
    rooms.clear();
    token list;
    if (!in.next(list) || list.what != kind::array) return false;
    for (auto due = list.size; due > 0; --due) {
        token room;
        if (!in.next(room)) return false;
        std::string& name = rooms.emplace_back();
        switch (room.what) {
            case kind::string:
                name = room.bytes;
                break;
            case kind::integer:
                append_js_number(name, static_cast<double>(room.integer));
                break;
            default:
                return false;
        }
    }
    return true;
}

bool read_flags(reader& in, message& m) {
    return read_map(in, [&](std::string_view key) {
        if (key != "volatile") return in.skip();
        token value;
        if (!in.next(value) || value.what != kind::boolean) return false;
        m.volatile_ = value.integer != 0;
        return true;
    });
}

bool read_opts(reader& in, message& m) {
    return read_map(in, [&](std::string_view key) {
        if (key == "rooms") return read_rooms(in, m.rooms);
        if (key == "except") return read_rooms(in, m.except);
        if (key == "flags") return read_flags(in, m);
        return in.skip();
    });
}

bool read_type(reader& in) {
    token type;
    return in.next(type) && type.what == kind::integer && (type.integer == 2 || type.integer == 5);
}

/// A comma would end the namespace early in the clients' packet.
bool read_nsp(reader& in, std::string& nsp) {
    token name;
    if (!in.next(name) || name.what != kind::string) return false;
    nsp = name.bytes;
    return nsp.starts_with('/') && nsp.find(',') == std::string::npos;
}

/// Clients close their connection on anything else than `["name",..]` or `[1,..]`.
bool is_event_data(std::string_view json) {
    if (json.empty() || json.front() != '[') return false;
    const auto first = json.find_first_not_of(whitespace, 1);
    if (first == std::string_view::npos) return false;
    const char c = json[first];
    return c == '"' || c == '-' || (c >= '0' && c <= '9');
}

/// The packet begins with the `2` of an event, which nearly all are; what else is needed comes
/// before it when it is known.
bool read_data(reader& in, message& m) {
    m.packet = "2";
    m.attachments.clear();
    m.packet.reserve(1 + in.rest().size());
    const auto size = append_json(in.rest(), m.packet, m.attachments);
    if (!size) return false;
    in.advance(*size);
    return is_event_data(std::string_view(m.packet).substr(1));
}

bool read_packet(reader& in, message& m) {
    bool has_type = false;
    const bool complete = read_map(in, [&](std::string_view key) {
        if (key == "data") return read_data(in, m);
        if (key == "nsp") return read_nsp(in, m.nsp);
        if (key == "type") return has_type = read_type(in);
        return in.skip();
    });
    return complete && has_type && !m.packet.empty();
}

std::string packet_prefix(const message& m) {
    std::string prefix = "2";
    if (!m.attachments.empty()) prefix = "5" + std::to_string(m.attachments.size()) + "-";
    if (m.nsp != "/") prefix += m.nsp + ",";
    return prefix;
}

/// The JSON of an event packet's text; empty if it is none, or does not fit the rest of the
/// message.
std::string_view data_of(const message& m) {
    const std::string prefix = packet_prefix(m);
    if (!m.packet.starts_with(prefix)) return {};
    const auto data = std::string_view(m.packet).substr(prefix.size());
    return is_event_data(data) ? data : std::string_view{};
}

void append_rooms(std::string& out, const std::vector<std::string>& rooms) {
    msgpack::append_array_head(out, rooms.size());
    for (const auto& room : rooms) {
        msgpack::append_string(out, room);
    }
}

void append_packet(std::string& out, std::string_view data, std::string_view nsp) {
    constexpr int event = 2;
    msgpack::append_map_head(out, 3);
    msgpack::append_string(out, "type");
    msgpack::append_number(out, event);
    msgpack::append_string(out, "data");
    out += data;
    msgpack::append_string(out, "nsp");
    msgpack::append_string(out, nsp);
}

void append_opts(std::string& out, const message& m) {
    msgpack::append_map_head(out, 3);
    msgpack::append_string(out, "rooms");
    append_rooms(out, m.rooms);
    msgpack::append_string(out, "except");
    append_rooms(out, m.except);
    msgpack::append_string(out, "flags");
    msgpack::append_map_head(out, m.volatile_ ? 1 : 0);
    if (m.volatile_) {
        msgpack::append_string(out, "volatile");
        msgpack::append_boolean(out, true);
    }
}

}  // namespace

std::string general_channel(std::string_view prefix, std::string_view nsp) {
    std::string channel(prefix);
    channel += '#';
    channel += nsp;
    channel += '#';
    return channel;
}

std::string room_channel(std::string_view prefix, std::string_view nsp, std::string_view room) {
    std::string channel;
    channel.reserve(prefix.size() + nsp.size() + room.size() + 3);  // many are kept, without slack
    channel.append(prefix).append(1, '#').append(nsp).append(1, '#').append(room).append(1, '#');
    return channel;
}

std::string channel_of(std::string_view prefix, const message& m) {
    const bool one_room = m.rooms.size() == 1 && !m.to_all_nodes;
    return one_room ? room_channel(prefix, m.nsp, m.rooms.front()) : general_channel(prefix, m.nsp);
}

result<message> decode_broadcast(std::string_view bytes) {
    reader in(bytes);
    token list;
    token uid;
    message m;
    if (!in.next(list) || list.what != kind::array || list.size != 3) return errc::malformed;
    if (!in.next(uid) || uid.what != kind::string) return errc::malformed;
    if (!read_packet(in, m) || !read_opts(in, m)) return errc::malformed;
    if (!in.rest().empty()) return errc::malformed;
    if (!m.attachments.empty() || m.nsp != "/") m.packet.replace(0, 1, packet_prefix(m));
    return m;
}

result<std::string> encode_broadcast(std::string_view uid, const message& m) {
    const auto json = data_of(m);
    if (json.empty()) return errc::malformed;
    const auto data = msgpack_of_json(json, m.attachments);
    if (!data) return data.error();

    std::string out;
    out.reserve(data->size() + 128);
    msgpack::append_array_head(out, 3);
    msgpack::append_string(out, uid);
    append_packet(out, *data, m.nsp);
    append_opts(out, m);
    return out;
}

}  // namespace chat_gateway::socketio::cluster::classic
