#include "cluster/json_scanner.hpp"
#include "cluster/node_data.hpp"
#include "json_check.hpp"

#include <chat_gateway/socketio/cluster/msgpack_json.hpp>

namespace chat_gateway::socketio::cluster::node_data {
namespace {

/// A JSON array that begins with a string or a number: an event, for clients and servers.
bool is_event(std::string_view json) {
    if (!json.starts_with('[') || !is_json(json)) return false;
    const auto first = json.find_first_not_of(" \t\n\r", 1);
    const char c = json[first];
    return c == '"' || c == '-' || (c >= '0' && c <= '9');
}

/// The data of an event packet's text; empty if it is none, or not one of that namespace with that
/// many attachments.
std::string_view event_of(std::string_view packet, std::string_view nsp, std::size_t attachments) {
    std::string prefix = "2";
    if (attachments != 0) prefix = "5" + std::to_string(attachments) + "-";
    if (nsp != "/") prefix.append(nsp) += ',';
    if (!packet.starts_with(prefix)) return {};
    packet.remove_prefix(prefix.size());
    return is_event(packet) ? packet : std::string_view();
}

void append_member(std::string& out, std::string_view name, std::string_view json) {
    if (out.back() != '{') out += ',';
    out.append(1, '"').append(name).append("\":").append(json);
}

std::string js_string(std::string_view text) {
    std::string out;
    append_js_string(out, text);
    return out;
}

void append_names(std::string& out, const std::vector<std::string>& names) {
    out += '[';
    for (const auto& name : names) {
        if (&name != &names.front()) out += ',';
        append_js_string(out, name);
    }
    out += ']';
}

std::string opts_of(const std::vector<std::string>& rooms, const std::vector<std::string>& except,
                    std::string_view flags) {
    std::string out = R"({"rooms":)";
    append_names(out, rooms);
    out += R"(,"except":)";
    append_names(out, except);
    out.append(R"(,"flags":)").append(flags) += '}';
    return out;
}
std::string opts_of(const selection& to) {
    return opts_of(to.rooms, to.except, "{}");
}

std::string flags_of(const request& r) {
    std::string out = "{";
    if (r.volatile_) append_member(out, "volatile", "true");
    if (r.timeout) append_member(out, "timeout", std::to_string(r.timeout->count()));
    return out += '}';
}

std::string packet_of(std::string_view event) {
    return std::string(R"({"type":2,"data":)").append(event) += '}';
}

result<typed> broadcast_of(const request& r) {
    const auto event = event_of(r.packet, r.nsp, r.attachments.size());
    if (event.empty() || r.id.empty()) return errc::malformed;
    typed t{broadcast, "{"};
    append_member(t.data, "packet", packet_of(event));
    append_member(t.data, "requestId", js_string(r.id));
    append_member(t.data, "opts", opts_of(r.to.rooms, r.to.except, flags_of(r)));
    t.data += '}';
    return t;
}

bool is_object(std::string_view json) {
    return json.starts_with('{') && is_json(json);
}

/// Empty if a part is not what it has to be.
std::string sockets_of(const std::vector<remote_socket>& sockets) {
    std::string out = "[";
    for (const auto& s : sockets) {
        if (s.id.empty() || !is_object(s.handshake) || !is_object(s.data)) return {};
        out += &s == &sockets.front() ? "{" : ",{";
        append_member(out, "id", js_string(s.id));
        append_member(out, "handshake", s.handshake);
        append_member(out, "rooms", {});
        append_names(out, s.rooms);
        append_member(out, "data", s.data);
        out += '}';
    }
    out += ']';
    return is_json(out) ? out : std::string();  // or the parts are too deep for it
}

}  // namespace

result<typed> data_of(const message& m) {
    const auto event = event_of(m.packet, m.nsp, m.attachments.size());
    if (event.empty()) return errc::malformed;
    typed t{broadcast, {}};
    t.data.reserve(event.size() + 128);
    t.data = R"({"packet":{"type":2,"data":)";
    t.data.append(event) += '}';
    append_member(t.data, "opts",
                  opts_of(m.rooms, m.except, m.volatile_ ? R"({"volatile":true})" : "{}"));
    t.data += '}';
    return t;
}

result<typed> data_of(const request& r) {
    typed t{0, "{"};
    switch (r.kind) {
        case request_kind::join:
        case request_kind::leave:
            t.type = r.kind == request_kind::join ? sockets_join : sockets_leave;
            append_member(t.data, "opts", opts_of(r.to));
            append_member(t.data, "rooms", {});
            append_names(t.data, r.rooms);
            break;
        case request_kind::disconnect:
            t.type = disconnect_sockets;
            append_member(t.data, "opts", opts_of(r.to));
            append_member(t.data, "close", r.close ? "true" : "false");
            break;
        case request_kind::fetch_sockets:
            if (r.id.empty()) return errc::malformed;
            t.type = fetch_sockets;
            append_member(t.data, "opts", opts_of(r.to));
            append_member(t.data, "requestId", js_string(r.id));
            break;
        case request_kind::server_side_emit:
            if (!is_event(r.data)) return errc::malformed;
            t.type = server_side_emit;
            if (!r.id.empty()) append_member(t.data, "requestId", js_string(r.id));
            append_member(t.data, "packet", r.data);
            break;
        case request_kind::broadcast:
            return broadcast_of(r);
        case request_kind::sockets:
        case request_kind::all_rooms:
            return errc::malformed;
    }
    t.data += '}';
    return t;
}

result<typed> data_of(const response& r, undefined u) {
    if (r.id.empty()) return errc::malformed;
    typed t{0, "{"};
    append_member(t.data, "requestId", js_string(r.id));
    switch (r.kind) {
        case response_kind::fetched: {
            const auto sockets = sockets_of(r.fetched);
            if (sockets.empty()) return errc::malformed;
            t.type = fetch_sockets_response;
            append_member(t.data, "sockets", sockets);
            break;
        }
        case response_kind::client_count:
            t.type = broadcast_client_count;
            append_member(t.data, "clientCount", std::to_string(r.count));
            break;
        case response_kind::server_side:
        case response_kind::client_ack:
            t.type =
                r.kind == response_kind::client_ack ? broadcast_ack : server_side_emit_response;
            if (!r.data.empty()) {
                if (!is_json(r.data)) return errc::malformed;
                append_member(t.data, "packet", r.data);
            } else if (u == undefined::null) {
                append_member(t.data, "packet", "null");
            }
            break;
        case response_kind::sockets:
        case response_kind::rooms:
        case response_kind::done:
            return errc::malformed;
    }
    t.data += '}';
    return t;
}

result<std::string> envelope(const typed& t, std::string_view uid, std::string_view nsp) {
    if (!is_namespace(nsp)) return errc::malformed;
    std::string out;
    out.reserve(t.data.size() + uid.size() + nsp.size() + 64);
    out = "{";
    append_member(out, "type", std::to_string(t.type));
    append_member(out, "data", t.data);
    append_member(out, "uid", {});
    append_js_string(out, uid);
    append_member(out, "nsp", {});
    append_js_string(out, nsp);
    out += '}';
    return out;
}

result<std::string> msgpack_of(std::string json, const std::vector<std::string>& attachments) {
    replace_lone_surrogates(json);
    return msgpack_of_json(json, attachments);
}

}  // namespace chat_gateway::socketio::cluster::node_data
