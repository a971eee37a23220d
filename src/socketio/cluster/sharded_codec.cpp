#include "cluster/node_data.hpp"

#include <chat_gateway/socketio/cluster/sharded_codec.hpp>

#include <utility>

namespace chat_gateway::socketio::cluster::sharded {
namespace {

result<std::string> framed(const result<node_data::typed>& data, std::string_view uid,
                           std::string_view nsp, const std::vector<std::string>& attachments) {
    if (!data) return data.error();
    auto json = node_data::envelope(*data, uid, nsp);
    if (!json || attachments.empty()) return json;
    return node_data::msgpack_of(std::move(*json), attachments);
}

/// The length of a string in JavaScript: characters of four bytes are two units there.
std::size_t utf16_length(std::string_view text) {
    std::size_t units = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool continues = (byte & 0xc0U) == 0x80;
        units += continues ? 0 : byte >= 0xf0 ? 2 : 1;
    }
    return units;
}

}  // namespace

std::string node_channel(std::string_view prefix, std::string_view nsp, std::string_view uid) {
    return room_channel(prefix, nsp, uid);
}

bool has_channel(std::string_view room) {
    constexpr std::size_t socket_id_length = 20;
    return utf16_length(room) != socket_id_length;
}

std::string channel_of(std::string_view prefix, const message& m) {
    const bool one = m.rooms.size() == 1 && !m.to_all_nodes && has_channel(m.rooms.front());
    return one ? room_channel(prefix, m.nsp, m.rooms.front()) : general_channel(prefix, m.nsp);
}

result<node_message> decode(std::string_view bytes) {
    return bytes.starts_with('{') ? node_data::read_json(bytes, {})
                                  : node_data::read_msgpack(bytes);
}

result<std::string> encode(std::string_view uid, const message& m) {
    return framed(node_data::data_of(m), uid, m.nsp, m.attachments);
}
result<std::string> encode(std::string_view uid, const request& r) {
    return framed(node_data::data_of(r), uid, r.nsp, r.attachments);
}
result<std::string> encode(std::string_view uid, const response& r) {
    return framed(node_data::data_of(r, node_data::undefined::left_out), uid, r.nsp, r.attachments);
}

}  // namespace chat_gateway::socketio::cluster::sharded
