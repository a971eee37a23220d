#pragma once

#include <chat_gateway/base/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::socketio::cluster {

/// Reads one MessagePack value from the front of `bytes`, appends it to `out` as JavaScript's
/// JSON.stringify would print what notepack.io 3 decodes (key order, numbers, escapes, dates,
/// undefined), and returns the number of bytes read. One pass, no document tree.
/// Binary values are appended to `attachments`; in the text they are
/// `{"_placeholder":true,"num":n}`, numbered in the order of the text. An extension of an unknown
/// type is `[type, binary]`. A key that comes twice is printed twice: the client's JSON.parse then
/// settles it as notepack does. errc::malformed for truncated or unknown forms, keys that are
/// containers or extensions, and nesting past 256; `out` and `attachments` are then as before.
result<std::size_t> append_json(std::string_view bytes, std::string& out,
                                std::vector<std::string>& attachments);

/// A JavaScript number's text: shortest round trip, `1e+21`, `1e-7`, `-0` as `0`; NaN and
/// infinities as `null`.
void append_js_number(std::string& out, double value);

/// A JSON string literal as JSON.stringify writes it. Bytes that are not UTF-8 become U+FFFD, as in
/// Node's Buffer.
void append_js_string(std::string& out, std::string_view text);

/// JSON text to MessagePack as notepack.io encodes the parsed value, but for the order of keys,
/// which stays that of the text, and integral numbers past 64 bits, which stay floats.
/// `{"_placeholder":true,"num":n}` becomes attachment n as bin, when there are attachments.
/// errc::malformed if it is not JSON, nests deeper than 256, or names an attachment that is not
/// there.
result<std::string> msgpack_of_json(std::string_view json,
                                    const std::vector<std::string>& attachments);

}  // namespace chat_gateway::socketio::cluster
