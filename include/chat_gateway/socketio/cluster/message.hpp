#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace chat_gateway::socketio::cluster {

/// What one node of a cluster tells the others, whatever the adapter. (Broadcasts; requests between
/// nodes follow.)
struct message {
    std::string nsp = "/";
    /// Socket.IO packet text as the clients get it, `2["serverMessage",{..}]`, or `51-["bin",{..}]`
    /// with attachments.
    std::string packet{};
    std::vector<std::string> attachments{};
    std::vector<std::string> rooms{};  ///< empty: everybody in the namespace
    std::vector<std::string> except{};
    bool volatile_ = false;  ///< may be dropped for a socket that cannot be written to
    /// Published where every node hears it, whether it has members of the room or not; not part of
    /// what travels.
    bool to_all_nodes = false;
    /// Where the bus keeps it, ascending; 0: it keeps nothing. Not part of what travels.
    std::uint64_t position = 0;
    bool operator==(const message&) const = default;
};

}  // namespace chat_gateway::socketio::cluster
