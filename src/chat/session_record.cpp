#include <chat_gateway/chat/session_record.hpp>
#include <chat_gateway/socketio/cluster/msgpack_json.hpp>

#include <nlohmann/json.hpp>

#include <charconv>

namespace chat_gateway::chat {
namespace {

using nlohmann::json;

/// One part of a JSON pointer: `~1` stands for a slash and `~0` for a tilde.
std::string unescape(std::string_view token) {
    std::string out;
    for (std::size_t i = 0; i < token.size(); ++i) {
        const auto next = token.substr(i, 2);
        if (next == "~0" || next == "~1") {
            out += next == "~0" ? '~' : '/';
            ++i;
        } else {
            out += token[i];
        }
    }
    return out;
}

const json* element(const json& array, std::string_view token) {
    std::size_t index = 0;
    const auto* end = token.data() + token.size();
    const auto [stop, error] = std::from_chars(token.data(), end, index);
    const bool leading_zero = token.size() > 1 && token.front() == '0';
    if (error != std::errc{} || stop != end || leading_zero || index >= array.size()) {
        return nullptr;
    }
    return &array[index];
}

const json* child(const json& parent, std::string_view token) {
    if (parent.is_array()) return element(parent, token);
    if (!parent.is_object()) return nullptr;
    const auto found = parent.find(unescape(token));
    return found == parent.end() ? nullptr : &*found;
}

/// nlohmann's own json_pointer throws; this one finds nothing instead.
const json* find(const json& root, std::string_view pointer) {
    const auto* at = &root;
    while (at != nullptr && !pointer.empty()) {
        if (pointer.front() != '/') return nullptr;
        pointer.remove_prefix(1);
        const auto token = pointer.substr(0, pointer.find('/'));
        pointer.remove_prefix(token.size());
        at = child(*at, token);
    }
    return at;
}

}  // namespace

result<std::optional<std::string>> user_of_record(std::string_view record,
                                                  const std::string& user_pointer) {
    const auto session = json::parse(record, nullptr, false);
    if (!session.is_object()) return make_error_code(errc::malformed);
    std::optional<std::string> user;
    const auto* id = find(session, user_pointer);
    if (id == nullptr) return user;
    if (id->is_number()) {
        socketio::cluster::append_js_number(user.emplace(), id->get<double>());
    }
    if (id->is_string() && !id->get_ref<const std::string&>().empty()) {
        user = id->get<std::string>();
    }
    return user;
}

}  // namespace chat_gateway::chat
