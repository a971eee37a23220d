#include "printable.hpp"

#include <algorithm>

namespace chat_gateway::app {
namespace {

constexpr std::size_t longest_text = 80;

std::string quoted_text(std::string_view text) {
    const bool cut = text.size() > longest_text;
    const nlohmann::json value = std::string(text.substr(0, longest_text)) + (cut ? "..." : "");
    return value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

std::string printable(const nlohmann::ordered_json& value) {
    if (value.is_object()) return "an object";
    if (value.is_array()) return "this list";
    return value.is_string() ? quoted_text(value.get_ref<const std::string&>()) : value.dump();
}

std::string path_segment(std::string_view name) {
    const bool plain =
        !name.empty() && name.size() <= longest_text && std::ranges::all_of(name, is_plain);
    return plain ? std::string(name) : quoted_text(name);
}

}  // namespace chat_gateway::app
