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

constexpr int max_depth = 64;  ///< of lists and objects in a further field: printing recurses

struct field {
    std::string_view name;
    bool (*accepts)(const json&);
    std::string_view expectation;
};

bool is_id(const json& v) {
    return v.is_string() && !v.get_ref<const std::string&>().empty();
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
    {"chat_id", is_id, "must be a string that is not empty"},
    {"message_id", is_id, "must be a string that is not empty"},
    {"author", is_text_or_null, "must be a string or null"},
    {"content", is_text, "must be a string"},
    {"timestamp", is_number, "must be a number"},
    {"type", is_text, "must be a string"},
}};

bool is_known(std::string_view name) {
    return std::any_of(fields.begin(), fields.end(),
                       [&](const field& f) { return f.name == name; });
}

bool is_deeper_than(const json& value, int levels) {
    if (!value.is_structured()) return false;
    return levels == 0 || std::any_of(value.begin(), value.end(), [levels](const json& inner) {
               return is_deeper_than(inner, levels - 1);
           });
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
        if (!is_known(name) && is_deeper_than(value, max_depth))
            return "a further field: is nested deeper than " + std::to_string(max_depth);
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
    for (const auto& [name, value] : object.items()) {
        if (!is_known(name)) m.packet += ',' + json(name).dump() + ':' + printed(value);
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
