#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// A place in a Redis stream, `<milliseconds>-<sequence>`, as one number in the same order: what
/// @socket.io/redis-streams-adapter gives clients as their offset.
namespace chat_gateway::socketio {

/// nullopt from 2^42 ms (the year 2109) or 2^22 entries of one millisecond on. 0 is `0-0`, before
/// all entries.
std::optional<std::uint64_t> stream_position(std::uint64_t ms, std::uint64_t sequence);
/// nullopt for any other text than stream_id() prints.
std::optional<std::uint64_t> stream_position(std::string_view id);
std::string stream_id(std::uint64_t position);

}  // namespace chat_gateway::socketio
