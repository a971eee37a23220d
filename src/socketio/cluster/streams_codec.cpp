#include "cluster/node_data.hpp"

#include <chat_gateway/base/text.hpp>
#include <chat_gateway/socketio/cluster/msgpack_json.hpp>
#include <chat_gateway/socketio/cluster/streams_codec.hpp>

#include <charconv>
#include <system_error>
#include <utility>

namespace chat_gateway::socketio::cluster::streams {
namespace {

/// Entries are text, hence the base64.
result<entry> entry_of(const result<node_data::typed>& message, std::string_view uid,
                       std::string_view nsp, const std::vector<std::string>& attachments) {
    if (!message) return message.error();
    if (!node_data::is_namespace(nsp)) return errc::malformed;
    std::string data = message->data;
    if (!attachments.empty()) {
        const auto bytes = node_data::msgpack_of(std::move(data), attachments);
        if (!bytes) return bytes.error();
        data = base64_encode(*bytes);
    }
    return entry{
        "uid",  std::string(uid), "nsp", std::string(nsp), "type", std::to_string(message->type),
        "data", std::move(data)};
}

result<std::string> published(const result<node_data::typed>& message, std::string_view uid,
                              std::string_view nsp, const std::vector<std::string>& attachments) {
    if (!message) return message.error();
    auto json = node_data::envelope(*message, uid, nsp);
    if (!json) return json.error();
    return node_data::msgpack_of(std::move(*json), attachments);
}

struct entry_fields {
    std::string_view uid, nsp, type, data;
};

entry_fields find_fields(std::span<const std::string_view> fields) {
    entry_fields found;
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        const auto name = fields[i];
        const auto value = fields[i + 1];
        if (name == "uid") found.uid = value;
        if (name == "nsp") found.nsp = value;
        if (name == "type") found.type = value;
        if (name == "data") found.data = value;
    }
    return found;
}

/// -1: none that is known, or no number at all.
int type_of(std::string_view text) {
    int type = -1;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, type);
    return read.ec == std::errc() && read.ptr == end ? type : -1;
}

bool is_stored(int type) {
    return (type >= node_data::broadcast && type <= node_data::disconnect_sockets) ||
           type == node_data::server_side_emit;
}

}  // namespace

std::string node_channel(std::string_view prefix, std::string_view nsp, std::string_view uid) {
    return classic::room_channel(prefix, nsp, uid);
}

result<node_message> decode_entry(std::span<const std::string_view> fields) {
    const auto found = find_fields(fields);
    const int type = type_of(found.type);
    if (found.nsp.empty() || !is_stored(type)) return node_message{.uid = std::string(found.uid)};
    if (found.uid.empty()) return errc::malformed;
    if (found.data.starts_with('{'))
        return node_data::read_data(type, found.uid, found.nsp, found.data, {});

    const auto bytes = base64_decode_lenient(found.data);
    std::string json;
    std::vector<std::string> attachments;
    const auto size = append_json(bytes, json, attachments);
    if (!size || *size != bytes.size()) return errc::malformed;
    return node_data::read_data(type, found.uid, found.nsp, json, std::move(attachments));
}

bool is_stored(const request& r) {
    switch (r.kind) {
        case request_kind::join:
        case request_kind::leave:
        case request_kind::disconnect:
            return true;
        default:
            return false;
    }
}

result<entry> encode_entry(std::string_view uid, const message& m) {
    return entry_of(node_data::data_of(m), uid, m.nsp, m.attachments);
}

result<entry> encode_entry(std::string_view uid, const request& r) {
    if (!is_stored(r)) return errc::malformed;
    return entry_of(node_data::data_of(r), uid, r.nsp, r.attachments);
}

result<node_message> decode_published(std::string_view bytes) {
    return node_data::read_msgpack(bytes);
}

result<std::string> encode_published(std::string_view uid, const request& r) {
    if (is_stored(r)) return errc::malformed;
    return published(node_data::data_of(r), uid, r.nsp, r.attachments);
}

result<std::string> encode_published(std::string_view uid, const response& r) {
    return published(node_data::data_of(r, node_data::undefined::null), uid, r.nsp, r.attachments);
}

}  // namespace chat_gateway::socketio::cluster::streams
