#pragma once

#include <chat_gateway/base/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::socketio::cluster {

/// Reads one MessagePack value from the front of `bytes`, appends it to `out` as JavaScript's JSON.stringify would
/// print what notepack.io 3 decodes (key order, numbers, escapes, dates, undefined: wire-format rules in
/// docs/protocol notes), and returns the number of bytes read. One pass, no document tree. Binary values are appended to `attachments` and
/// become `{"_placeholder":true,"num":n}`. errc::malformed for truncated or unknown forms and nesting past 256.
result<std::size_t> append_json(std::string_view bytes, std::string& out, std::vector<std::string>& attachments);

/// A JavaScript number's text: shortest round trip, `1e+21`, `1e-7`, `-0` as `0`; NaN and infinities as `null`.
void append_js_number(std::string& out, double value);

/// A JSON string literal as JSON.stringify writes it. Bytes that are not UTF-8 become U+FFFD.
void append_js_string(std::string& out, std::string_view text);

/// JSON text to MessagePack as notepack.io encodes the parsed value. errc::malformed if it is not JSON.
/// `{"_placeholder":true,"num":n}` becomes attachment n as bin, when there are attachments.
result<std::string> msgpack_of_json(std::string_view json, const std::vector<std::string>& attachments);

}  // namespace chat_gateway::socketio::cluster
