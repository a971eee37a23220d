#include <chat_gateway/chat/client_events.hpp>

#include <nlohmann/json.hpp>

namespace chat_gateway::chat {

std::optional<std::string> chat_id_of(std::string_view args) {
    if (args.size() > max_event_args) return std::nullopt;
    auto parsed = nlohmann::json::parse(args, nullptr, false);
    if (!parsed.is_array() || parsed.empty() || !parsed.front().is_object()) return std::nullopt;
    auto& payload = parsed.front();
    const auto found = payload.find("chat_id");
    if (found == payload.end() || !found->is_string()) return std::nullopt;
    auto& chat_id = found->get_ref<std::string&>();
    if (chat_id.empty() || chat_id.size() > max_chat_id) return std::nullopt;
    return std::move(chat_id);
}

}  // namespace chat_gateway::chat
