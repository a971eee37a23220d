#pragma once

#include "answers.hpp"

#include <chat_gateway/gateway/services.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// The figures of the admin listener: as JSON, out of what another gateway says, and summed.
namespace chat_gateway::admin {

/// Who is on a gateway, or on several.
struct totals {
    std::uint64_t connections = 0;
    std::uint64_t websockets = 0;
    std::uint64_t refused = 0;
    std::uint64_t sockets = 0;
    std::uint64_t memberships = 0;
    std::uint64_t rooms = 0;  ///< of several gateways: one that is on two counts twice
    std::uint64_t users = 0;  ///< likewise
    std::uint64_t open_seconds = 0;
    std::uint64_t longest_seconds = 0;
    /// Those with the most, most first.
    std::vector<std::pair<std::string, std::uint64_t>> connections_per_user{};
};

/// Keeps the `most` with the most connections, sorted.
void keep_busiest(std::vector<std::pair<std::string, std::uint64_t>>& users, std::size_t most);

[[nodiscard]] totals sum_of(const std::vector<totals>& parts);
[[nodiscard]] json to_json(const totals& t);
/// What to_json() has written; nullopt: something else.
[[nodiscard]] std::optional<totals> totals_of(const json& j);

[[nodiscard]] json to_json(const std::vector<gateway::named_room>& rooms);
[[nodiscard]] std::optional<std::vector<gateway::named_room>> rooms_of(const json& j);
/// Each room once, busiest first, `most` at most. Every gateway with a room gets all its messages,
/// so `messages_in` is what the one has that had the room longest; the rest is summed.
[[nodiscard]] std::vector<gateway::named_room> merged(
    const std::vector<std::vector<gateway::named_room>>& parts, std::size_t most);

[[nodiscard]] json to_json(const std::vector<gateway::user_socket>& sockets);

}  // namespace chat_gateway::admin
