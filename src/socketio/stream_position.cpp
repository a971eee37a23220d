#include <chat_gateway/socketio/stream_position.hpp>

#include <charconv>

namespace chat_gateway::socketio {
namespace {

constexpr unsigned sequence_bits = 22;
constexpr std::uint64_t most_ms = (std::uint64_t{1} << (64 - sequence_bits)) - 1;
constexpr std::uint64_t most_sequence = (std::uint64_t{1} << sequence_bits) - 1;

/// Decimal, without sign or leading zero.
std::optional<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end) return std::nullopt;
    if (text.size() > 1 && text.front() == '0') return std::nullopt;
    return value;
}

}  // namespace

std::optional<std::uint64_t> stream_position(std::uint64_t ms, std::uint64_t sequence) {
    if (ms > most_ms || sequence > most_sequence) return std::nullopt;
    return ms << sequence_bits | sequence;
}

std::optional<std::uint64_t> stream_position(std::string_view id) {
    const auto dash = id.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto ms = number_of(id.substr(0, dash));
    const auto sequence = number_of(id.substr(dash + 1));
    return ms && sequence ? stream_position(*ms, *sequence) : std::nullopt;
}

std::string stream_id(std::uint64_t position) {
    return std::to_string(position >> sequence_bits) + '-' +
           std::to_string(position & most_sequence);
}

}  // namespace chat_gateway::socketio
