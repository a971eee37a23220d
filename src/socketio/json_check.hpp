#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace chat_gateway::socketio {

enum class json_kind { none, object, array, string, number, other };

/// What the packet rules ask of a JSON text.
struct json_shape {
    json_kind root = json_kind::none;
    json_kind first = json_kind::none;  ///< an array's first element; none if it is empty
    std::string name;                   ///< that element, if it is a string
    bool placeholders_fit = true;       ///< each {"_placeholder":true,"num":n} has n < attachments
};

/// nullopt unless `text` is one JSON value nested at most 256 deep. Reads without building a tree.
std::optional<json_shape> check_json(std::string_view text, std::size_t attachments);

/// JSON.stringify escapes a surrogate without its partner (a string cut inside an emoji), which
/// strict readers refuse though no browser does. Such an escape becomes `\ufffd`, as it would on
/// its way through UTF-8.
void replace_lone_surrogates(std::string& json);

}  // namespace chat_gateway::socketio
