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

}  // namespace

std::string encode(const packet& p) {
    std::string text;
    text.reserve(8 + p.nsp.size() + p.id.size() + p.data.size());
    text += static_cast<char>('0' + static_cast<int>(p.type));
    if (p.type == packet_type::binary_event || p.type == packet_type::binary_ack) {
        text += std::to_string(p.attachments.size());
        text += '-';
    }
    if (p.nsp != "/") {
        text += p.nsp;
        text += ',';
    }
    text += p.id;
    text += p.data;
    return text;
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

std::string ack_packet(std::string_view nsp, std::string_view id, std::string_view args) {
    return encode({.type = packet_type::ack,
                   .nsp = std::string(nsp),
                   .id = std::string(id),
                   .data = std::string(args)});
}

}  // namespace chat_gateway::socketio
