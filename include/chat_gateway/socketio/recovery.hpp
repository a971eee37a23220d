#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Connection State Recovery on the wire (Socket.IO 4.6): CONNECT is answered with a private
/// session id, `pid`; each event carries an offset as one more argument; a client that comes back
/// says both.
namespace chat_gateway::socketio {

/// Longest `pid` or `offset` that is looked at.
inline constexpr std::size_t max_claim_text = 64;
/// Longest CONNECT payload that is searched for a claim.
inline constexpr std::size_t max_claim_auth = 16384;

/// What a returning client claims in its CONNECT payload.
struct recovery_claim {
    std::string pid;
    std::string offset;
    bool operator==(const recovery_claim&) const = default;
};

/// `auth`: the CONNECT payload, JSON object text, empty if none. nullopt unless both members are
/// strings of 1 to max_claim_text bytes: a client that has seen no event sends a pid alone, which
/// is no claim (as in Node's adapters).
std::optional<recovery_claim> claim_of(std::string_view auth);

/// Offsets of one process: its epoch, which no other process has, and the position of the message.
/// `k3Jx9Q.17`: text that the client hands back as it is.
class offset_format {
public:
    explicit offset_format(std::string epoch) : epoch_(std::move(epoch)) {}
    [[nodiscard]] std::string text(std::uint64_t position) const;
    /// nullopt for what this process did not write.
    [[nodiscard]] std::optional<std::uint64_t> position(std::string_view offset) const;

private:
    std::string epoch_;
};

/// An EVENT's or BINARY_EVENT's text with one more argument, a string without anything to escape:
/// in two pieces, for whoever copies them anyway.
struct extended_event {
    std::string_view text;  ///< all of the event but its end
    std::string rest;
};
extended_event with_argument(std::string_view event, std::string_view argument);

}  // namespace chat_gateway::socketio
