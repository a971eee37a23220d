#include <chat_gateway/socketio/recovery.hpp>

#include <nlohmann/json.hpp>

#include <charconv>

namespace chat_gateway::socketio {
namespace {

std::optional<std::string> short_text(const nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string()) return std::nullopt;
    auto text = found->get<std::string>();
    if (text.empty() || text.size() > max_claim_text) return std::nullopt;
    return text;
}

}  // namespace

std::optional<recovery_claim> claim_of(std::string_view auth) {
    // Most clients send no such thing; the text has passed the decoder, which bounds its depth.
    if (auth.size() > max_claim_auth) return std::nullopt;
    if (auth.find("\"pid\"") == std::string_view::npos) return std::nullopt;
    const auto json = nlohmann::json::parse(auth, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    auto pid = short_text(json, "pid");
    auto offset = short_text(json, "offset");
    if (!pid || !offset) return std::nullopt;
    return recovery_claim{std::move(*pid), std::move(*offset)};
}

std::string offset_format::text(std::uint64_t position) const {
    return epoch_ + '.' + std::to_string(position);
}

std::optional<std::uint64_t> offset_format::position(std::string_view offset) const {
    if (!offset.starts_with(epoch_)) return std::nullopt;
    offset.remove_prefix(epoch_.size());
    if (!offset.starts_with('.')) return std::nullopt;
    offset.remove_prefix(1);
    std::uint64_t position = 0;
    const char* end = offset.data() + offset.size();
    const auto [stop, error] = std::from_chars(offset.data(), end, position);
    const bool canonical = error == std::errc() && stop == end && offset.front() != '0';
    return canonical ? std::optional(position) : std::nullopt;
}

extended_event with_argument(std::string_view event, std::string_view argument) {
    std::string rest;
    rest.reserve(argument.size() + 4);
    rest.append(",\"").append(argument).append("\"]");
    return {event.substr(0, event.rfind(']')), std::move(rest)};
}

}  // namespace chat_gateway::socketio
