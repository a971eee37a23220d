#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/http/message.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::http {

/// An address block, `10.0.0.0/8` or `::1/128`; a bare address is a block of one. IPv4-mapped IPv6
/// addresses count as IPv4, and an IPv6 block that is not within their range (`::/0`) holds no IPv4
/// address.
class cidr {
public:
    static result<cidr> parse(std::string_view text);
    [[nodiscard]] bool contains(std::string_view address) const;

private:
    std::array<unsigned char, 16> network_{};
    unsigned bits_ = 0;
};

/// The client's address: the peer's, unless the peer is trusted; then X-Forwarded-For from the
/// right up to the first address that is not trusted itself (nginx appends what it saw). Garbage in
/// the header ends the walk. In canonical form, so that limits per address cannot be dodged by
/// spelling; empty for an AF_UNIX peer that says none.
std::string client_address(const request& r, const std::vector<cidr>& trusted);

/// What limits per address count an address as: an IPv4 address itself, and the /64 of an IPv6
/// address, because that is what one client has. nullopt if it is no address.
std::optional<std::uint64_t> network_of(std::string_view address);

}  // namespace chat_gateway::http
