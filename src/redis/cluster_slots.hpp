#pragma once

#include "reply.hpp"

#include <chat_gateway/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a client of a Redis Cluster has to know; pure. After Redis' cluster specification.
namespace chat_gateway::redis {

constexpr unsigned slot_count = 16384;

/// CRC16 (XMODEM) of the key, or of the hash tag in it: what stands between the first `{` and the
/// first `}` behind it, unless that is nothing.
unsigned slot_of(std::string_view key);

struct node_address {
    std::string host;
    std::uint16_t port = 0;
    auto operator<=>(const node_address&) const = default;
};

/// Which master has which slot.
class slot_map {
public:
    static constexpr std::size_t max_masters = 1000;  ///< what Redis recommends as the limit

    /// An answer to CLUSTER SLOTS from `asked`, whose host is meant where none is told. Replicas
    /// are passed over; a slot that nobody has is allowed, no slot at all is errc::unavailable (a
    /// node that has just started knows none). Else errc::malformed.
    static result<slot_map> parse(const reply& answer, const node_address& asked);

    /// Null: nobody has it.
    [[nodiscard]] const node_address* master_of(unsigned slot) const;
    [[nodiscard]] const std::vector<node_address>& masters() const { return masters_; }
    [[nodiscard]] bool has(const node_address& master) const;
    /// What a redirection says of one slot.
    void move(unsigned slot, const node_address& to);
    bool operator==(const slot_map&) const = default;

private:
    static constexpr std::uint16_t nobody = 0xffff;
    [[nodiscard]] result<std::uint16_t> index_of(const node_address& master);

    std::vector<node_address> masters_;
    std::vector<std::uint16_t> by_slot_;  ///< empty, or slot_count indices of masters_
};

/// What an error says about where, or whether, to try again.
struct redirection {
    enum class kind : std::uint8_t {
        none,     ///< an error like others
        moved,    ///< the slot is at `to`, from now on
        ask,      ///< this one command, at `to`, after ASKING
        not_now,  ///< TRYAGAIN, CLUSTERDOWN, LOADING, MASTERDOWN
    };
    kind what = kind::none;
    unsigned slot = 0;
    node_address to{};
    bool operator==(const redirection&) const = default;
};
/// `asked` as for slot_map: MOVED may leave the host out.
redirection redirection_of(std::string_view error, const node_address& asked);

}  // namespace chat_gateway::redis
