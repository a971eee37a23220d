#pragma once

#include <optional>
#include <string>
#include <string_view>

/// JSONP polling (`j=` in a handshake's query): payloads for clients that can only load scripts and
/// submit forms. Modelled on engine.io 6's polling-jsonp.js, whose own output tests/data/jsonp has.
namespace chat_gateway::engineio {

/// A GET's body: `___eio[12]("...");`, the payload as a JavaScript string. `index`: the digits of
/// `j`, maybe none.
std::string encode_jsonp(std::string_view index, std::string_view payload);

/// The payload in a POST's body, a form with the field `d` in which `\n` means a newline and `\\n`
/// a backslash and an `n`. nullopt without the field: such a form is ignored. Never longer than
/// `form`.
std::optional<std::string> decode_jsonp(std::string_view form);

}  // namespace chat_gateway::engineio
