#include <chat_gateway/socketio/cluster/msgpack_json.hpp>
#include <chat_gateway/socketio/packet.hpp>

#include <nlohmann/json.hpp>

#include <utility>

namespace chat_gateway::socketio {

namespace {

constexpr std::string_view json_space = " \t\r\n";

/// Where the string or number at the front of `text` ends.
std::size_t end_of_scalar(std::string_view text) {
    if (text.front() != '"') return text.find_first_of(",] \t\r\n");
    std::size_t at = 1;
    while (text[at] != '"')
        at += text[at] == '\\' ? 2 : 1;
    return at + 1;
}

std::string name_of(std::string_view scalar) {
    const auto value = nlohmann::json::parse(scalar, nullptr, false);
    if (value.is_string()) return value.get<std::string>();
    std::string name;
    cluster::append_js_number(name, value.get<double>());
    return name;
}

std::string encode_parts(packet_type type, std::size_t attachments, std::string_view nsp,
                         std::string_view id, std::string_view data) {
    std::string text;
    text.reserve(8 + nsp.size() + id.size() + data.size());
    text += static_cast<char>('0' + static_cast<int>(type));
    if (type == packet_type::binary_event || type == packet_type::binary_ack) {
        text += std::to_string(attachments);
        text += '-';
    }
    if (nsp != "/") {
        text += nsp;
        text += ',';
    }
    text += id;
    text += data;
    return text;
}

}  // namespace

std::string encode(const packet& p) {
    return encode_parts(p.type, p.attachments.size(), p.nsp, p.id, p.data);
}

event_parts split_event(std::string_view data) {
    data.remove_prefix(data.find('[') + 1);
    data.remove_prefix(data.find_first_not_of(json_space));
    const auto end = end_of_scalar(data);
    event_parts parts{.name = name_of(data.substr(0, end)), .args = "["};
    data.remove_prefix(end);
    data.remove_prefix(data.find_first_not_of(json_space));
    if (data.front() == ',') data.remove_prefix(1);
    parts.args += data;
    return parts;
}

std::string connect_reply(std::string_view nsp, std::string_view sid, std::string_view pid) {
    // Both ids are ours: no characters that JSON escapes.
    std::string json = R"({"sid":")";
    json += sid;
    if (!pid.empty()) {
        json += R"(","pid":")";
        json += pid;
    }
    json += R"("})";
    return encode({.type = packet_type::connect, .nsp = std::string(nsp), .data = std::move(json)});
}

std::string connect_error(std::string_view nsp, std::string_view message) {
    std::string json = R"({"message":)";
    cluster::append_js_string(json, message);
    json += '}';
    return encode(
        {.type = packet_type::connect_error, .nsp = std::string(nsp), .data = std::move(json)});
}

std::string disconnect_packet(std::string_view nsp) {
    return encode({.type = packet_type::disconnect, .nsp = std::string(nsp)});
}

std::string event_packet(std::string_view nsp, std::string_view name, std::string_view args,
                         std::size_t attachments) {
    args.remove_prefix(args.find('[') + 1);
    std::string data = "[";
    cluster::append_js_string(data, name);
    if (args.find_first_not_of(json_space) != args.rfind(']')) data += ',';
    data += args;
    const auto type = attachments == 0 ? packet_type::event : packet_type::binary_event;
    return encode_parts(type, attachments, nsp, {}, data);
}

std::string ack_packet(std::string_view nsp, std::string_view id, std::string_view args,
                       std::size_t attachments) {
    const auto type = attachments == 0 ? packet_type::ack : packet_type::binary_ack;
    return encode_parts(type, attachments, nsp, id, args);
}

}  // namespace chat_gateway::socketio
