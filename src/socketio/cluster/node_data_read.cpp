#include "cluster/json_scanner.hpp"
#include "cluster/node_data.hpp"
#include "cluster/node_fields.hpp"
#include "json_check.hpp"

#include <chat_gateway/socketio/cluster/msgpack_json.hpp>

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <utility>

namespace chat_gateway::socketio::cluster::node_data {
namespace {

bool is_string(std::string_view raw) {
    return raw.starts_with('"');
}
bool is_number(std::string_view raw) {
    return !raw.empty() && (raw.front() == '-' || (raw.front() >= '0' && raw.front() <= '9'));
}

/// nullopt unless `raw` is a number in plain digits that fits.
template <class T>
std::optional<T> integer_of(std::string_view raw) {
    T value{};
    const auto* const end = raw.data() + raw.size();
    const auto read = std::from_chars(raw.data(), end, value);
    if (raw.empty() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return value;
}

/// Of a number; what is out of a double's range is infinite or nothing, as in JavaScript.
double double_of(std::string_view raw) {
    double value = 0;
    const auto read = std::from_chars(raw.data(), raw.data() + raw.size(), value);
    // Which of the two it is, from_chars does not tell.
    if (read.ec != std::errc()) value = std::strtod(std::string(raw).c_str(), nullptr);
    return value;
}

bool read_string(std::string_view raw, std::string& text) {
    if (!is_string(raw)) return false;
    text = string_of(raw);
    return true;
}

/// Ids are never empty, since an empty one means that nobody waits.
bool read_id(std::string_view raw, std::string& id) {
    return read_string(raw, id) && !id.empty();
}
bool read_optional_id(std::string_view raw, std::string& id) {
    return raw.empty() || read_id(raw, id);
}

/// A list of names; a number, which JavaScript callers may pass, is meant as its text.
bool read_rooms(std::string_view raw, std::vector<std::string>& rooms) {
    json_scanner in(raw);
    return in.array([&] {
        std::string_view room;
        if (!in.value(room)) return false;
        std::string& name = rooms.emplace_back();
        if (is_number(room)) {
            const double number = double_of(room);
            append_js_number(name, number);
            return std::isfinite(number);
        }
        return read_string(room, name);
    });
}

bool read_selection(const opts_fields& opts, std::vector<std::string>& rooms,
                    std::vector<std::string>& except) {
    return read_rooms(opts.rooms, rooms) &&
           (opts.except.empty() || read_rooms(opts.except, except));
}

std::optional<std::chrono::milliseconds> timeout_of(std::string_view raw) {
    constexpr double day = 86'400'000;
    if (!is_number(raw)) return std::nullopt;
    const double ms = std::ceil(double_of(raw));
    if (!(ms >= 0 && ms <= day)) return std::nullopt;
    return std::chrono::milliseconds(static_cast<std::int64_t>(ms));
}

/// `["name",..]` or `[1,..]`; clients close their connection on anything else.
bool is_event(std::string_view raw) {
    if (!raw.starts_with('[')) return false;
    const auto first = raw.find_first_not_of(" \t\n\r", 1);
    return first != std::string_view::npos &&
           (is_string(raw.substr(first)) || is_number(raw.substr(first)));
}

/// A client closes its connection if a placeholder names none of the attachments.
bool placeholders_fit(std::string_view raw, std::size_t attachments) {
    if (attachments == 0 || raw.empty()) return true;  // nobody looks for placeholders then
    const auto shape = check_json(raw, attachments);
    return shape && shape->placeholders_fit;
}

bool read_packet(const data_fields& d, std::string_view nsp, std::size_t attachments,
                 std::string& packet) {
    constexpr int event = 2;
    constexpr int binary_event = 5;  // of old emitters
    const auto type = integer_of<int>(d.packet_type);
    if (type != event && type != binary_event) return false;
    if (!is_event(d.packet_data) || !placeholders_fit(d.packet_data, attachments)) return false;
    packet.reserve(d.packet_data.size() + nsp.size() + 8);
    packet = "2";
    if (attachments != 0) packet.replace(0, 1, "5").append(std::to_string(attachments)) += '-';
    if (nsp != "/") packet.append(nsp) += ',';
    packet += d.packet_data;
    return true;
}

bool read_message(const data_fields& d, message& m) {
    m.volatile_ = d.opts.volatile_ == "true";
    return read_packet(d, m.nsp, m.attachments.size(), m.packet) &&
           read_selection(d.opts, m.rooms, m.except);
}

bool read_request(int type, const data_fields& d, request& r) {
    switch (type) {
        case broadcast:
            r.kind = request_kind::broadcast;
            r.timeout = timeout_of(d.opts.timeout);
            r.volatile_ = d.opts.volatile_ == "true";
            return read_id(d.request_id, r.id) &&
                   read_packet(d, r.nsp, r.attachments.size(), r.packet) &&
                   read_selection(d.opts, r.to.rooms, r.to.except);
        case sockets_join:
        case sockets_leave:
            r.kind = type == sockets_join ? request_kind::join : request_kind::leave;
            return read_selection(d.opts, r.to.rooms, r.to.except) && read_rooms(d.rooms, r.rooms);
        case disconnect_sockets:
            r.kind = request_kind::disconnect;
            r.close = d.close == "true";
            return read_selection(d.opts, r.to.rooms, r.to.except);
        case fetch_sockets:
            r.kind = request_kind::fetch_sockets;
            return read_id(d.request_id, r.id) && read_selection(d.opts, r.to.rooms, r.to.except);
        default:
            r.kind = request_kind::server_side_emit;
            r.data = d.packet;
            return read_optional_id(d.request_id, r.id) && is_event(d.packet) &&
                   placeholders_fit(d.packet, r.attachments.size());
    }
}

/// A member that has to be an object, if it is there.
bool read_object(std::string_view raw, std::string& text) {
    if (raw.empty()) return true;
    text = raw;
    return raw.starts_with('{');
}

bool read_socket(json_scanner& in, remote_socket& socket) {
    std::string_view id;
    std::string_view handshake;
    std::string_view rooms;
    std::string_view data;
    const bool complete = in.object([&](std::string_view key) {
        if (key == "id") return in.value(id);
        if (key == "handshake") return in.value(handshake);
        if (key == "rooms") return in.value(rooms);
        if (key == "data") return in.value(data);
        return in.skip();
    });
    return complete && read_id(id, socket.id) && read_object(handshake, socket.handshake) &&
           read_rooms(rooms, socket.rooms) && read_object(data, socket.data);
}

bool read_response(int type, const data_fields& d, response& r) {
    if (!read_id(d.request_id, r.id)) return false;
    switch (type) {
        case fetch_sockets_response: {
            r.kind = response_kind::fetched;
            if (!placeholders_fit(d.sockets, r.attachments.size())) return false;
            json_scanner in(d.sockets);
            return in.array([&] { return read_socket(in, r.fetched.emplace_back()); });
        }
        case broadcast_client_count: {
            r.kind = response_kind::client_count;
            const auto count = integer_of<std::uint64_t>(d.client_count);
            r.count = count.value_or(0);
            return count.has_value();
        }
        default:
            r.kind = type == broadcast_ack ? response_kind::client_ack : response_kind::server_side;
            r.data = d.packet;
            // An object has been looked into as a packet, and may be one too deep for a value.
            if (!d.packet.empty() && !is_json(d.packet)) return false;
            return placeholders_fit(d.packet, r.attachments.size());
    }
}

result<node_message> interpret(int type, std::string uid, std::string nsp, const data_fields& d,
                               std::vector<std::string> attachments) {
    if (type < broadcast || type > broadcast_ack) return node_message{.uid = std::move(uid)};
    if (!is_namespace(nsp)) return errc::malformed;
    node_message n;
    bool good = false;
    if (type == broadcast && d.request_id.empty()) {
        auto& m = n.what.emplace<message>();
        m.nsp = std::move(nsp);
        m.attachments = std::move(attachments);
        good = read_message(d, m);
    } else if (type == fetch_sockets_response || type >= server_side_emit_response) {
        auto& r = n.what.emplace<response>();
        r.nsp = std::move(nsp);
        r.from = uid;
        r.attachments = std::move(attachments);
        good = read_response(type, d, r);
    } else {
        auto& r = n.what.emplace<request>();
        r.nsp = std::move(nsp);
        r.from = uid;
        r.attachments = std::move(attachments);
        good = read_request(type, d, r);
    }
    if (!good) return errc::malformed;
    n.uid = std::move(uid);
    return n;
}

}  // namespace

result<node_message> read_json(std::string_view text, std::vector<std::string> attachments) {
    constexpr int unknown = -1;
    json_scanner in(text);
    envelope_fields e;
    std::string uid;
    if (!scan_envelope(in, e) || !in.end()) return errc::malformed;
    if (!is_number(e.type) || !read_string(e.uid, uid)) return errc::malformed;
    std::string nsp;
    if (is_string(e.nsp)) nsp = string_of(e.nsp);
    return interpret(integer_of<int>(e.type).value_or(unknown), std::move(uid), std::move(nsp),
                     e.data, std::move(attachments));
}

result<node_message> read_msgpack(std::string_view bytes) {
    std::string text;
    std::vector<std::string> attachments;
    const auto size = append_json(bytes, text, attachments);
    if (!size || *size != bytes.size()) return errc::malformed;
    return read_json(text, std::move(attachments));
}

result<node_message> read_data(int type, std::string_view uid, std::string_view nsp,
                               std::string_view data, std::vector<std::string> attachments) {
    json_scanner in(data);
    data_fields d;
    if (!scan_data(in, d) || !in.end()) return errc::malformed;
    return interpret(type, std::string(uid), std::string(nsp), d, std::move(attachments));
}

}  // namespace chat_gateway::socketio::cluster::node_data
