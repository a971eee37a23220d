#include "cluster/json_text.hpp"

#include "json_check.hpp"

#include <chat_gateway/socketio/cluster/msgpack_json.hpp>
#include <chat_gateway/socketio/packet.hpp>

#include <cmath>

namespace chat_gateway::socketio::cluster {

std::optional<json> read_object(std::string_view bytes, std::vector<std::string>& attachments) {
    std::string text;
    if (bytes.starts_with('{')) {
        text = bytes;
    } else {
        const auto size = append_json(bytes, text, attachments);
        if (!size || *size != bytes.size()) return std::nullopt;
    }
    replace_lone_surrogates(text);
    // The depth is bounded before anything recursive sees it.
    const auto shape = check_json(text, attachments.size());
    if (!shape || shape->root != json_kind::object) return std::nullopt;
    json value = json::parse(text, nullptr, false);
    if (!value.is_object()) return std::nullopt;
    return value;
}

bool read_names(const json& object, const char* member, std::vector<std::string>& names) {
    const auto found = object.find(member);
    if (found == object.end() || !found->is_array()) return false;
    names.clear();
    for (const auto& name : *found) {
        if (name.is_string()) {
            names.push_back(name.get<std::string>());
        } else if (name.is_number()) {
            append_js_number(names.emplace_back(), name.get<double>());
        } else {
            return false;
        }
    }
    return true;
}

bool read_selection(const json& object, selection& to) {
    const auto opts = object.find("opts");
    if (opts == object.end() || !opts->is_object()) return false;
    if (!read_names(*opts, "rooms", to.rooms)) return false;
    return !opts->contains("except") || read_names(*opts, "except", to.except);
}

void read_timeout(const json& object, request& r) {
    const auto opts = object.find("opts");
    if (opts == object.end() || !opts->is_object()) return;
    const auto flags = opts->find("flags");
    if (flags == opts->end() || !flags->is_object()) return;
    const auto timeout = flags->find("timeout");
    if (timeout == flags->end() || !timeout->is_number()) return;
    const double ms = timeout->get<double>();
    constexpr double day = 86'400'000;
    if (ms >= 0 && ms <= day)
        r.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(ms)));
}

std::string text_of(const json& object, const char* member) {
    const auto found = object.find(member);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool read_event(const json& p, const std::string& nsp, const std::vector<std::string>& attachments,
                std::string& text) {
    const auto data = p.find("data");
    if (data == p.end() || !data->is_array() || data->empty()) return false;
    const auto type = p.find("type");
    if (type == p.end() || !type->is_number() || (*type != 2 && *type != 5)) return false;
    const auto& name = data->front();
    if (!name.is_string() && !name.is_number()) return false;
    text = encode({.type = attachments.empty() ? packet_type::event : packet_type::binary_event,
                   .nsp = nsp,
                   .data = print(*data),
                   .attachments = attachments});
    return !event_data(text, nsp, attachments.size()).empty();
}

bool read_remote_sockets(const json& list, std::vector<remote_socket>& sockets) {
    for (const auto& s : list) {
        if (!s.is_object()) return false;
        remote_socket& out = sockets.emplace_back();
        out.id = text_of(s, "id");
        if (out.id.empty() || !read_names(s, "rooms", out.rooms)) return false;
        if (const auto h = s.find("handshake"); h != s.end() && h->is_object())
            out.handshake = print(*h);
        if (const auto d = s.find("data"); d != s.end() && d->is_object()) out.data = print(*d);
    }
    return true;
}

std::string print(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
    out.append("\"").append(name).append("\":");
    append_js_string(out, text);
}

void append_names(std::string& out, const std::vector<std::string>& names) {
    out += '[';
    for (const auto& name : names) {
        if (out.back() != '[') out += ',';
        append_js_string(out, name);
    }
    out += ']';
}

void append_selection(std::string& out, const selection& to) {
    out += R"({"rooms":)";
    append_names(out, to.rooms);
    out += R"(,"except":)";
    append_names(out, to.except);
    out += '}';
}

result<std::string> remote_sockets_text(const std::vector<remote_socket>& sockets) {
    std::string out = "[";
    for (const auto& s : sockets) {
        for (const auto* part : {&s.handshake, &s.data}) {
            const auto shape = check_json(*part, 0);
            if (!shape || shape->root != json_kind::object) return errc::malformed;
        }
        out += out.size() == 1 ? "{" : ",{";
        append_member(out, "id", s.id);
        out.append(R"(,"handshake":)").append(s.handshake).append(R"(,"rooms":)");
        append_names(out, s.rooms);
        out.append(R"(,"data":)").append(s.data).append("}");
    }
    out += ']';
    return out;
}

std::string_view event_data(std::string_view packet, std::string_view nsp,
                            std::size_t attachments) {
    std::string prefix = "2";
    if (attachments != 0) prefix = "5" + std::to_string(attachments) + "-";
    if (nsp != "/") prefix.append(nsp).append(",");
    if (!packet.starts_with(prefix)) return {};
    packet.remove_prefix(prefix.size());
    const auto shape = check_json(packet, attachments);
    const bool event = shape && shape->root == json_kind::array &&
                       (shape->placeholders_fit || attachments == 0) &&
                       (shape->first == json_kind::string || shape->first == json_kind::number);
    return event ? packet : std::string_view();
}

}  // namespace chat_gateway::socketio::cluster
