#pragma once

#include <string>

namespace chat_gateway {

/// Appends a character that cannot stand in a JSON string as it is (`"`, `\`, below U+0020) as
/// JSON.stringify escapes it: the short form where there is one, else `\u00` and two lower-case
/// digits.
void append_json_escape(std::string& out, char c);

}  // namespace chat_gateway
