#include "cluster_slots.hpp"

#include <algorithm>
#include <charconv>

namespace chat_gateway::redis {
namespace {

std::uint16_t crc16(std::string_view bytes) {
    unsigned crc = 0;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc << 1) ^ ((crc & 0x8000U) != 0 ? 0x1021U : 0U);
        crc &= 0xffffU;
    }
    return static_cast<std::uint16_t>(crc);
}

std::string_view hashed_part(std::string_view key) {
    const auto open = key.find('{');
    if (open == std::string_view::npos) return key;
    const auto close = key.find('}', open + 1);
    if (close == std::string_view::npos || close == open + 1) return key;
    return key.substr(open + 1, close - open - 1);
}

std::optional<unsigned> number(std::string_view text, unsigned max) {
    unsigned value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end || value > max) return std::nullopt;
    return value;
}

bool is_slot(const reply& r) {
    return r.type == reply::kind::integer && r.integer >= 0 && r.integer < slot_count;
}

constexpr std::size_t longest_host = 255;

/// `[host, port, id, ..]`; no host, an empty one or `?`: the one that was asked.
std::optional<node_address> address_of(const reply& node, const node_address& asked) {
    if (node.type != reply::kind::array || node.elements.size() < 2) return std::nullopt;
    const auto& host = node.elements[0];
    const auto& port = node.elements[1];
    if (host.type != reply::kind::text && host.type != reply::kind::nil) return std::nullopt;
    if (port.type != reply::kind::integer || port.integer < 1 || port.integer > 65535)
        return std::nullopt;
    if (host.text.size() > longest_host) return std::nullopt;
    const bool told = !host.text.empty() && host.text != "?";
    return node_address{told ? host.text : asked.host, static_cast<std::uint16_t>(port.integer)};
}

/// Takes the text up to the next space.
std::string_view word(std::string_view& text) {
    const auto end = std::min(text.find(' '), text.size());
    const auto taken = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return taken;
}

}  // namespace

unsigned slot_of(std::string_view key) {
    return crc16(hashed_part(key)) % slot_count;
}

result<slot_map> slot_map::parse(const reply& answer, const node_address& asked) {
    if (answer.type != reply::kind::array) return make_error_code(errc::malformed);
    slot_map map;
    map.by_slot_.assign(slot_count, nobody);
    for (const auto& range : answer.elements) {
        const auto& parts = range.elements;
        if (range.type != reply::kind::array || parts.size() < 3 || !is_slot(parts[0]) ||
            !is_slot(parts[1]) || parts[0].integer > parts[1].integer)
            return make_error_code(errc::malformed);
        const auto master = address_of(parts[2], asked);
        if (!master) return make_error_code(errc::malformed);
        auto index = map.index_of(*master);
        if (!index) return index.error();
        std::fill(map.by_slot_.begin() + parts[0].integer,
                  map.by_slot_.begin() + parts[1].integer + 1, *index);
    }
    if (map.masters_.empty()) return make_error_code(errc::unavailable);
    return map;
}

result<std::uint16_t> slot_map::index_of(const node_address& master) {
    const auto found = std::ranges::find(masters_, master);
    if (found == masters_.end()) {
        if (masters_.size() == max_masters) return make_error_code(errc::too_large);
        masters_.push_back(master);
        return static_cast<std::uint16_t>(masters_.size() - 1);
    }
    return static_cast<std::uint16_t>(found - masters_.begin());
}

const node_address* slot_map::master_of(unsigned slot) const {
    if (slot >= by_slot_.size() || by_slot_[slot] == nobody) return nullptr;
    return &masters_[by_slot_[slot]];
}

bool slot_map::has(const node_address& master) const {
    return std::ranges::find(masters_, master) != masters_.end();
}

void slot_map::move(unsigned slot, const node_address& to) {
    if (slot >= slot_count) return;
    if (by_slot_.empty()) by_slot_.assign(slot_count, nobody);
    const auto index = index_of(to);
    by_slot_[slot] = index ? *index : nobody;
}

redirection redirection_of(std::string_view error, const node_address& asked) {
    using kind = redirection::kind;
    const auto code = word(error);
    for (const std::string_view passing : {"TRYAGAIN", "CLUSTERDOWN", "LOADING", "MASTERDOWN"}) {
        if (code == passing) return {kind::not_now};
    }
    if (code != "MOVED" && code != "ASK") return {};
    const auto slot = number(word(error), slot_count - 1);
    const auto address = word(error);
    const auto colon = address.rfind(':');  // IPv6 comes without brackets
    if (!slot || colon == std::string_view::npos || colon > longest_host) return {};
    const auto port = number(address.substr(colon + 1), 65535);
    if (!port || *port == 0) return {};
    const auto host = address.substr(0, colon);
    return {code == "MOVED" ? kind::moved : kind::ask,
            *slot,
            {std::string(host.empty() || host == "?" ? asked.host : host),
             static_cast<std::uint16_t>(*port)}};
}

}  // namespace chat_gateway::redis
