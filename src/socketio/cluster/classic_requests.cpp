#include "cluster/json_text.hpp"
#include "cluster/msgpack_writer.hpp"
#include "json_check.hpp"

#include <chat_gateway/socketio/cluster/classic_requests.hpp>
#include <chat_gateway/socketio/cluster/msgpack_json.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace chat_gateway::socketio::cluster::classic {
namespace {

// Types of the wire; 0 to 7 are those of request_kind, in its order.
constexpr int server_side_emit_type = 6;
constexpr int client_count_type = 8;
constexpr int client_ack_type = 9;
static_assert(static_cast<int>(request_kind::server_side_emit) == server_side_emit_type);
static_assert(static_cast<int>(request_kind::broadcast) == 7);

std::string channel(std::string_view prefix, std::string_view what, std::string_view nsp) {
    std::string name;
    name.append(prefix).append(what).append("#").append(nsp).append("#");
    return name;
}

std::optional<int> type_of(const json& object) {
    const auto type = object.find("type");
    if (type == object.end() || !type->is_number_integer()) return std::nullopt;
    const auto value = type->get<std::int64_t>();
    return value >= 0 && value <= client_ack_type ? std::optional(static_cast<int>(value))
                                                  : std::nullopt;
}

/// Of adapters before 7: one socket, one room, and an answer when it is done.
bool read_old_join(const json& m, request& r) {
    const std::string sid = text_of(m, "sid");
    const std::string room = text_of(m, "room");
    if (sid.empty() || room.empty()) return false;
    r.to.rooms = {sid};
    r.rooms = {room};
    return true;
}

bool read_join(const json& m, request& r) {
    if (!m.contains("opts")) return read_old_join(m, r);
    return read_selection(m, r.to) && read_names(m, "rooms", r.rooms);
}

bool read_disconnect(const json& m, request& r) {
    if (const auto close = m.find("close"); close != m.end() && close->is_boolean())
        r.close = close->get<bool>();
    if (m.contains("opts")) return read_selection(m, r.to);
    const std::string sid = text_of(m, "sid");
    r.to.rooms = {sid};
    return !sid.empty();
}

bool read_server_side_emit(const json& m, request& r) {
    const auto data = m.find("data");
    if (data == m.end() || !data->is_array()) return false;
    r.data = print(*data);
    return true;
}

bool read_broadcast(const json& m, request& r) {
    const auto packet = m.find("packet");
    if (packet == m.end() || !packet->is_object()) return false;
    if (!read_event(*packet, r.nsp, r.attachments, r.packet)) return false;
    read_timeout(m, r);
    return read_selection(m, r.to) && !r.id.empty();
}

bool read_body(const json& m, request& r) {
    switch (r.kind) {
        case request_kind::sockets:
            return read_names(m, "rooms", r.to.rooms) && !r.id.empty();
        case request_kind::all_rooms:
            return !r.id.empty();
        case request_kind::join:
        case request_kind::leave:
            return read_join(m, r);
        case request_kind::disconnect:
            return read_disconnect(m, r);
        case request_kind::fetch_sockets:
            return read_selection(m, r.to) && !r.id.empty();
        case request_kind::server_side_emit:
            return read_server_side_emit(m, r);
        case request_kind::broadcast:
            return read_broadcast(m, r);
    }
    return false;
}

/// A broadcast is MessagePack, since its data may be binary.
result<std::string> encode_broadcast_request(const request& r) {
    if (r.id.empty() || r.from.empty()) return errc::malformed;
    const auto json = event_data(r.packet, r.nsp, r.attachments.size());
    if (json.empty()) return errc::malformed;
    const auto data = msgpack_of_json(json, r.attachments);
    if (!data) return data.error();
    constexpr double event = 2;
    using namespace msgpack;
    std::string out;
    const auto append_list = [&out](std::string_view name, const std::vector<std::string>& list) {
        append_string(out, name);
        append_array_head(out, list.size());
        for (const auto& entry : list)
            append_string(out, entry);
    };
    append_map_head(out, 5);
    append_string(out, "uid");
    append_string(out, r.from);
    append_string(out, "requestId");
    append_string(out, r.id);
    append_string(out, "type");
    append_number(out, static_cast<double>(request_kind::broadcast));
    append_string(out, "packet");
    append_map_head(out, 3);
    append_string(out, "type");
    append_number(out, event);
    append_string(out, "data");
    out += *data;
    append_string(out, "nsp");
    append_string(out, r.nsp);
    append_string(out, "opts");
    append_map_head(out, 3);
    append_list("rooms", r.to.rooms);
    append_list("except", r.to.except);
    append_string(out, "flags");
    append_map_head(out, r.timeout ? 1 : 0);
    if (r.timeout) {
        append_string(out, "timeout");
        append_number(out, static_cast<double>(r.timeout->count()));
    }
    return out;
}

bool is_value(std::string_view json, std::size_t attachments) {
    const auto shape = check_json(json, attachments);
    return shape && shape->placeholders_fit;
}

result<std::string> encode_ack(const response& r) {
    std::string out;
    msgpack::append_map_head(out, r.data.empty() ? 2 : 3);
    msgpack::append_string(out, "type");
    msgpack::append_number(out, client_ack_type);
    msgpack::append_string(out, "requestId");
    msgpack::append_string(out, r.id);
    if (r.data.empty()) return out;
    const auto value = msgpack_of_json(r.data, r.attachments);
    if (!value) return value.error();
    msgpack::append_string(out, "packet");
    out += *value;
    return out;
}

result<response> decode_typed(const json& m, int type, response r) {
    const auto take = [&](const char* member) {
        if (const auto found = m.find(member); found != m.end()) r.data = print(*found);
    };
    if (type == server_side_emit_type) {
        r.kind = response_kind::server_side;
        take("data");
        return r;
    }
    if (type == client_ack_type) {
        r.kind = response_kind::client_ack;
        take("packet");
        return r;
    }
    const auto count = m.find("clientCount");
    if (type != client_count_type || count == m.end() || !count->is_number_unsigned())
        return errc::malformed;
    r.kind = response_kind::client_count;
    r.count = count->get<std::uint64_t>();
    return r;
}

}  // namespace

std::string request_channel(std::string_view prefix, std::string_view nsp) {
    return channel(prefix, "-request", nsp);
}

std::string response_channel(std::string_view prefix, std::string_view nsp) {
    return channel(prefix, "-response", nsp);
}

std::string response_channel(std::string_view prefix, std::string_view nsp, std::string_view uid) {
    return response_channel(prefix, nsp).append(uid).append("#");
}

result<request> decode_request(std::string_view bytes) {
    request r;
    const auto m = read_object(bytes, r.attachments);
    if (!m) return errc::malformed;
    const auto type = type_of(*m);
    if (!type || *type > static_cast<int>(request_kind::broadcast)) return errc::malformed;
    r.kind = static_cast<request_kind>(*type);
    r.from = text_of(*m, "uid");
    r.id = text_of(*m, "requestId");
    if (!read_body(*m, r)) return errc::malformed;
    return r;
}

result<std::string> encode_request(const request& r) {
    if (r.kind == request_kind::broadcast) return encode_broadcast_request(r);
    std::string out = "{";
    if (!r.from.empty()) {
        append_member(out, "uid", r.from);
        out += ',';
    }
    if (!r.id.empty()) {
        append_member(out, "requestId", r.id);
        out += ',';
    }
    out += R"("type":)" + std::to_string(static_cast<int>(r.kind));
    switch (r.kind) {
        case request_kind::join:
        case request_kind::leave:
        case request_kind::disconnect:
        case request_kind::fetch_sockets:
            out += R"(,"opts":)";
            append_selection(out, r.to);
            break;
        default:
            break;
    }
    if (r.kind == request_kind::join || r.kind == request_kind::leave) {
        out += R"(,"rooms":)";
        append_names(out, r.rooms);
    }
    if (r.kind == request_kind::sockets) {
        out += R"(,"rooms":)";
        append_names(out, r.to.rooms);
    }
    if (r.kind == request_kind::disconnect)
        out.append(R"(,"close":)").append(r.close ? "true" : "false");
    if (r.kind == request_kind::server_side_emit) {
        const auto shape = check_json(r.data, 0);
        if (!shape || shape->root != json_kind::array) return errc::malformed;
        out.append(R"(,"data":)").append(r.data);
    }
    out += '}';
    return out;
}

result<response> decode_response(std::string_view bytes) {
    response r;
    const auto m = read_object(bytes, r.attachments);
    if (!m) return errc::malformed;
    r.id = text_of(*m, "requestId");
    if (r.id.empty()) return errc::malformed;
    if (m->contains("type")) {
        const auto type = type_of(*m);
        if (!type) return errc::malformed;
        return decode_typed(*m, *type, std::move(r));
    }
    if (const auto sockets = m->find("sockets"); sockets != m->end()) {
        if (!sockets->is_array()) return errc::malformed;
        const bool ids = !sockets->empty() && sockets->front().is_string();
        r.kind = ids ? response_kind::sockets : response_kind::fetched;
        const bool good =
            ids ? read_names(*m, "sockets", r.names) : read_remote_sockets(*sockets, r.fetched);
        return good ? result<response>(std::move(r)) : errc::malformed;
    }
    if (m->contains("rooms")) {
        r.kind = response_kind::rooms;
        if (!read_names(*m, "rooms", r.names)) return errc::malformed;
    }
    return r;
}

result<std::string> encode_response(const response& r) {
    if (r.id.empty()) return errc::malformed;
    if (r.kind == response_kind::client_ack) return encode_ack(r);
    std::string out = "{";
    if (r.kind == response_kind::server_side)
        out += R"("type":)" + std::to_string(server_side_emit_type) + ",";
    if (r.kind == response_kind::client_count)
        out += R"("type":)" + std::to_string(client_count_type) + ",";
    append_member(out, "requestId", r.id);
    switch (r.kind) {
        case response_kind::sockets:
            out += R"(,"sockets":)";
            append_names(out, r.names);
            break;
        case response_kind::rooms:
            out += R"(,"rooms":)";
            append_names(out, r.names);
            break;
        case response_kind::fetched: {
            const auto sockets = remote_sockets_text(r.fetched);
            if (!sockets) return sockets.error();
            out.append(R"(,"sockets":)").append(*sockets);
            break;
        }
        case response_kind::server_side:
            if (r.data.empty()) break;
            if (!is_value(r.data, r.attachments.size())) return errc::malformed;
            out.append(R"(,"data":)").append(r.data);
            break;
        case response_kind::client_count:
            out += R"(,"clientCount":)" + std::to_string(r.count);
            break;
        case response_kind::client_ack:
        case response_kind::done:
            break;
    }
    out += '}';
    return out;
}

}  // namespace chat_gateway::socketio::cluster::classic
