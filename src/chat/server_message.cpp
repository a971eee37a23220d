#include <chat_gateway/chat/server_message.hpp>
#include <chat_gateway/socketio/cluster/msgpack_json.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

namespace chat_gateway::chat {
namespace {

using nlohmann::json;
using socketio::cluster::message;

constexpr std::size_t max_messages = 1000;
constexpr std::size_t max_id = 256;
constexpr std::size_t max_named_field = 64;  ///< a longer unknown name is not repeated

struct field {
    std::string_view name;
    bool (*accepts)(const json&);
    std::string_view expectation;
};

bool is_id(const json& v) {
    return v.is_string() && !v.get_ref<const std::string&>().empty() &&
           v.get_ref<const std::string&>().size() <= max_id;
}
bool is_text(const json& v) {
    return v.is_string();
}
bool is_text_or_null(const json& v) {
    return v.is_string() || v.is_null();
}
bool is_number(const json& v) {
    return v.is_number();
}

/// In the order in which they are sent.
constexpr std::array<field, 6> fields{{
    {"chat_id", is_id, "must be a string of 1 to 256 bytes"},
    {"message_id", is_id, "must be a string of 1 to 256 bytes"},
    {"author", is_text_or_null, "must be a string or null"},
    {"content", is_text, "must be a string"},
    {"timestamp", is_number, "must be a number"},
    {"type", is_text, "must be a string"},
}};

bool is_known(std::string_view name) {
    return std::any_of(fields.begin(), fields.end(),
                       [&](const field& f) { return f.name == name; });
}

std::string unknown_field(const std::string& name) {
    const auto shown = name.size() <= max_named_field ? name : "(a long name)";
    std::string accepted;
    for (const auto& f : fields)
        accepted += (accepted.empty() ? "" : ", ") + std::string(f.name);
    return shown + ": unknown field, accepted are " + accepted;
}

/// What is wrong with an object, beginning with the field's name.
std::optional<std::string> fault_of(const json& object) {
    for (const auto& f : fields) {
        const auto found = object.find(f.name);
        if (found == object.end()) {
            return std::string(f.name) + ": is missing, " + std::string(f.expectation);
        }
        if (!f.accepts(*found)) return std::string(f.name) + ": " + std::string(f.expectation);
    }
    for (const auto& [name, value] : object.items()) {
        if (!is_known(name)) return unknown_field(name);
    }
    return std::nullopt;
}

std::string printed(const json& value) {
    if (!value.is_number_float()) return value.dump();
    std::string text;
    socketio::cluster::append_js_number(text, value.get<double>());
    return text;
}

message to_message(const json& object) {
    message m;
    for (const auto& f : fields) {
        m.packet += (m.packet.empty() ? R"(2["serverMessage",{")" : ",\"") + std::string(f.name) +
                    "\":" + printed(object[f.name]);
    }
    m.packet += "}]";
    m.rooms = {object["chat_id"].get<std::string>()};
    return m;
}

}  // namespace

std::variant<std::vector<message>, std::string> parse_server_messages(std::string_view text) {
    const auto body = json::parse(text, nullptr, false);
    if (body.is_object()) {
        if (auto fault = fault_of(body)) return std::move(*fault);
        return std::vector{to_message(body)};
    }
    if (!body.is_array()) return "body: must be JSON, one object or an array of objects";
    if (body.size() > max_messages) {
        return "body: must have at most " + std::to_string(max_messages) + " elements";
    }
    std::vector<message> messages;
    messages.reserve(body.size());
    for (const auto& element : body) {
        const auto place = "[" + std::to_string(messages.size()) + "]";
        if (!element.is_object()) return place + ": must be an object";
        if (auto fault = fault_of(element)) return place + "." + *fault;
        messages.push_back(to_message(element));
    }
    return messages;
}

}  // namespace chat_gateway::chat
