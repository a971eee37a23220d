#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace chat_gateway::chat {

inline constexpr std::string_view join_event = "clientJoinRoom";
inline constexpr std::string_view leave_event = "clientLeaveRoom";
inline constexpr std::size_t max_chat_id = 256;
/// Longer argument lists are refused unread: a chat_id fits many times over, a tree of a megabyte
/// does not.
inline constexpr std::size_t max_event_args = 16384;

/// The chat_id of a clientJoinRoom or clientLeaveRoom: `args` is JSON array text whose first
/// element is an object with a string chat_id of 1 to max_chat_id bytes. nullopt for anything else:
/// malformed, ignored, counted.
std::optional<std::string> chat_id_of(std::string_view args);

}  // namespace chat_gateway::chat
