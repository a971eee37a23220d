#include "json_check.hpp"

#include <chat_gateway/socketio/cluster/msgpack_json.hpp>
#include <chat_gateway/socketio/packet.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace chat_gateway::socketio {

namespace {

constexpr std::size_t max_attachments = 10;
constexpr std::size_t max_id_digits = 100;
constexpr std::string_view digits = "0123456789";

bool is_binary(packet_type t) {
    return t == packet_type::binary_event || t == packet_type::binary_ack;
}

bool is_reserved(std::string_view name) {
    constexpr std::array<std::string_view, 6> reserved = {
        "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"};
    return std::ranges::find(reserved, name) != reserved.end();
}

/// Cuts the first `n` characters off `text`.
std::string_view take(std::string_view& text, std::size_t n) {
    const auto taken = text.substr(0, n);
    text.remove_prefix(taken.size());
    return taken;
}

std::string_view take_digits(std::string_view& text) {
    return take(text, text.find_first_not_of(digits));
}

std::optional<packet_type> take_type(std::string_view& text) {
    if (text.empty() || text.front() < '0' || text.front() > '6') return std::nullopt;
    return static_cast<packet_type>(take(text, 1).front() - '0');
}

/// `2-`; between one and max_attachments.
std::optional<std::uint8_t> take_attachment_count(std::string_view& text) {
    const auto number = take_digits(text);
    if (take(text, 1) != "-") return std::nullopt;
    std::uint8_t count = 0;
    const auto parsed = std::from_chars(number.data(), number.data() + number.size(), count);
    if (parsed.ec != std::errc() || count == 0 || count > max_attachments) return std::nullopt;
    return count;
}

std::string take_namespace(std::string_view& text) {
    if (!text.starts_with('/')) return "/";
    std::string nsp(take(text, text.find(',')));
    take(text, 1);
    return nsp;
}

/// nullopt: longer than any client's.
std::optional<std::string> take_id(std::string_view& text) {
    const auto number = take_digits(text);
    if (number.size() > max_id_digits) return std::nullopt;
    std::string id;
    if (number.empty()) return id;
    double value = 0;
    std::from_chars(number.data(), number.data() + number.size(), value);
    cluster::append_js_number(id, value);
    return id;
}

bool is_event(const json_shape& s) {
    return s.root == json_kind::array &&
           (s.first == json_kind::number || (s.first == json_kind::string && !is_reserved(s.name)));
}

/// Whether a packet of that type may carry such data; a `none` root is no data.
bool suits(packet_type type, const json_shape& s) {
    switch (type) {
        case packet_type::connect:
            return s.root == json_kind::none || s.root == json_kind::object;
        case packet_type::disconnect:
            return s.root == json_kind::none;
        case packet_type::event:
        case packet_type::binary_event:
            return is_event(s);
        case packet_type::ack:
        case packet_type::binary_ack:
            return s.root == json_kind::array;
        case packet_type::connect_error:
            return s.root == json_kind::object || s.root == json_kind::string;
    }
    return false;
}

struct head {
    packet p;
    std::uint8_t due = 0;
    bool placeholders_fit = true;
};

std::optional<head> read(std::string_view text) {
    const auto type = take_type(text);
    if (!type) return std::nullopt;
    head h;
    h.p.type = *type;
    if (is_binary(*type)) {
        const auto count = take_attachment_count(text);
        if (!count) return std::nullopt;
        h.due = *count;
    }
    h.p.nsp = take_namespace(text);
    auto id = take_id(text);
    if (!id) return std::nullopt;
    h.p.id = std::move(*id);
    h.p.data = text;
    replace_lone_surrogates(h.p.data);
    const auto shape = text.empty() ? json_shape{} : check_json(h.p.data, h.due);
    if (!shape || !suits(*type, *shape)) return std::nullopt;
    h.placeholders_fit = shape->placeholders_fit;
    return h;
}

}  // namespace

decoder::decoder() = default;
decoder::decoder(decoder&&) noexcept = default;
decoder& decoder::operator=(decoder&&) noexcept = default;
decoder::~decoder() = default;

decoder::status decoder::on_text(std::string_view text, packet& out) {
    if (pending_) {
        pending_.reset();
        return status::malformed;
    }
    auto h = read(text);
    if (!h) return status::malformed;
    if (h->due == 0) {
        out = std::move(h->p);
        return status::complete;
    }
    pending_ = std::make_unique<packet>(std::move(h->p));
    due_ = h->due;
    placeholders_fit_ = h->placeholders_fit;
    return status::incomplete;
}

decoder::status decoder::on_binary(std::string_view bytes, packet& out) {
    if (!pending_) return status::malformed;
    pending_->attachments.emplace_back(bytes);
    if (--due_ > 0) return status::incomplete;
    const auto complete = std::move(pending_);
    // Told only now: until its attachments are there, nobody misses them.
    if (!placeholders_fit_) return status::malformed;
    out = std::move(*complete);
    return status::complete;
}

}  // namespace chat_gateway::socketio
