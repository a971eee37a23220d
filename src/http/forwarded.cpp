#include "trim.hpp"

#include <chat_gateway/base/text.hpp>
#include <chat_gateway/http/forwarded.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <optional>

namespace chat_gateway::http {
namespace {

using address = std::array<unsigned char, 16>;  // IPv4 as ::ffff:a.b.c.d

constexpr std::array<unsigned char, 12> v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned v4_prefix_bits = 96;

bool is_v4(const address& a) {
    return std::equal(v4_prefix.begin(), v4_prefix.end(), a.begin());
}

std::optional<address> parse_address(std::string_view text) {
    const std::string terminated(text);
    if (terminated.find('\0') != std::string::npos) return std::nullopt;
    address a{};
    if (inet_pton(AF_INET6, terminated.c_str(), a.data()) == 1) return a;
    std::copy(v4_prefix.begin(), v4_prefix.end(), a.begin());
    if (inet_pton(AF_INET, terminated.c_str(), a.data() + v4_prefix.size()) == 1) return a;
    return std::nullopt;
}

std::string canonical_text(const address& a) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (is_v4(a)) {
        inet_ntop(AF_INET, a.data() + v4_prefix.size(), text.data(), text.size());
    } else {
        inet_ntop(AF_INET6, a.data(), text.data(), text.size());
    }
    return text.data();
}

/// The first `bits` bits of it.
address network_of(address a, unsigned bits) {
    for (unsigned i = 0; i < a.size(); ++i) {
        const auto kept = std::clamp(static_cast<int>(bits) - static_cast<int>(i * 8), 0, 8);
        a[i] &= static_cast<unsigned char>(0xff00 >> kept);
    }
    return a;
}

std::optional<unsigned> parse_length(std::string_view text, unsigned limit) {
    unsigned length = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, length);
    if (error != std::errc() || stop != end || length > limit) return std::nullopt;
    return length;
}

bool is_trusted(const std::string& text, const std::vector<cidr>& trusted) {
    return std::any_of(trusted.begin(), trusted.end(),
                       [&](const cidr& c) { return c.contains(text); });
}

/// The elements of all X-Forwarded-For lines, which together are one list.
std::vector<std::string_view> forwarded_for(const request& r) {
    std::vector<std::string_view> hops;
    for (const auto& h : r.headers) {
        if (!iequals(h.name, "X-Forwarded-For")) continue;
        std::string_view rest = h.value;
        for (auto comma = rest.find(','); comma != std::string_view::npos; comma = rest.find(',')) {
            hops.push_back(trim(rest.substr(0, comma)));
            rest.remove_prefix(comma + 1);
        }
        hops.push_back(trim(rest));
    }
    return hops;
}

}  // namespace

result<cidr> cidr::parse(std::string_view text) {
    const auto slash = text.find('/');
    const auto first = text.substr(0, slash);
    const auto a = parse_address(first);
    if (!a) return make_error_code(errc::malformed);
    // The length counts in the family that the block is written in.
    const bool written_as_v4 = first.find(':') == std::string_view::npos;
    const unsigned skipped = written_as_v4 ? v4_prefix_bits : 0;
    const auto full = static_cast<unsigned>(a->size() * 8) - skipped;
    const auto length =
        slash == std::string_view::npos ? full : parse_length(text.substr(slash + 1), full);
    if (!length) return make_error_code(errc::malformed);
    cidr block;
    block.bits_ = skipped + *length;
    block.network_ = network_of(*a, block.bits_);
    return block;
}

bool cidr::contains(std::string_view text) const {
    const auto a = parse_address(text);
    if (!a || (is_v4(*a) && bits_ < v4_prefix_bits)) return false;
    return network_of(*a, bits_) == network_;
}

std::string client_address(const request& r, const std::vector<cidr>& trusted) {
    const auto peer = parse_address(r.peer);
    std::string client = peer ? canonical_text(*peer) : r.peer;
    if (!r.trusted_peer && !is_trusted(client, trusted)) return client;
    const auto hops = forwarded_for(r);
    for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
        const auto a = parse_address(*hop);
        if (!a) break;
        client = canonical_text(*a);
        if (!is_trusted(client, trusted)) break;
    }
    return client;
}

std::optional<std::uint64_t> network_of(std::string_view text) {
    const auto a = parse_address(text);
    if (!a) return std::nullopt;
    // An IPv4 address in the form 0:ffff:a.b.c.d, which is nobody's IPv6 network.
    const std::size_t first = is_v4(*a) ? a->size() - sizeof(std::uint64_t) : 0;
    std::uint64_t network = 0;
    for (std::size_t i = 0; i < sizeof network; ++i)
        network = network << 8 | (*a)[first + i];
    return network;
}

}  // namespace chat_gateway::http
