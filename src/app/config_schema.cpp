#include "config_value.hpp"

#include <chat_gateway/app/config_reference.hpp>
#include <chat_gateway/app/config_table.hpp>

namespace chat_gateway::app {
namespace {

using json = nlohmann::ordered_json;

json object_schema() {
    return {{"type", "object"}, {"additionalProperties", false}, {"properties", json::object()}};
}

/// Where a key's schema goes; the objects on the way are made.
json& property_at(json& root, std::string_view path) {
    auto* at = &root;
    for (auto dot = path.find('.'); dot != path.npos; dot = path.find('.')) {
        at = &(*at)["properties"][std::string(path.substr(0, dot))];
        if (at->is_null()) *at = object_schema();
        path.remove_prefix(dot + 1);
    }
    return (*at)["properties"][std::string(path)];
}

json text_schema(const config_key& key) {
    json schema = {{"type", "string"}};
    if (!key.choices.empty()) schema["enum"] = key.choices;
    return schema;
}

json list_schema(const config_key& key) {
    json schema = {{"type", "array"}, {"items", text_schema(key)}};
    if (!key.choices.empty()) schema.update({{"minItems", 1}, {"uniqueItems", true}});
    return schema;
}

json kind_schema(const config_key& key) {
    switch (kind_of(key)) {
        case value_kind::boolean:
            return {{"type", "boolean"}};
        case value_kind::integer:
            return {{"type", "integer"}, {"minimum", key.minimum}, {"maximum", key.maximum}};
        case value_kind::text:
            return text_schema(key);
        case value_kind::list:
            return list_schema(key);
    }
    return json::object();
}

json key_schema(const config_key& key) {
    auto schema = kind_schema(key);
    const auto initial = value_to_json(default_value(key));
    schema["description"] = key.meaning;
    schema["default"] = initial;
    return schema;
}

}  // namespace

std::string config_schema() {
    json root = {{"$schema", "http://json-schema.org/draft-07/schema#"},
                 {"title", "Configuration of chat-gateway"}};
    root.update(object_schema());
    root["properties"]["$schema"] = {{"type", "string"},
                                     {"description", "Where an editor finds this schema."}};
    for (const auto& key : config_keys())
        property_at(root, key.path) = key_schema(key);
    return root.dump(2) + '\n';
}

}  // namespace chat_gateway::app
