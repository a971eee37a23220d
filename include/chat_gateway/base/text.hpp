#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace chat_gateway {

/// Standard alphabet with padding (RFC 4648 section 4).
std::string base64_encode(std::string_view bytes);

/// Appends the same to `out`, so that a payload is built in one buffer.
void base64_append(std::string& out, std::string_view bytes);

/// Lenient, as Node's Buffer decodes: both alphabets, padding optional, other characters skipped,
/// decoding stops at the first `=`. `b!!!` of a polling payload is therefore an empty binary.
std::string base64_decode_lenient(std::string_view text);

/// URL-safe alphabet, no padding: session ids.
std::string base64url_encode(std::string_view bytes);

/// Strict inverse of base64url_encode.
std::optional<std::string> base64url_decode(std::string_view text);

/// decodeURIComponent: nullopt where that would throw (bad escape, or the result is not UTF-8).
std::optional<std::string> percent_decode(std::string_view text);

/// RFC 3629: no overlong forms, surrogates, or code points past U+10FFFF.
bool is_valid_utf8(std::string_view bytes);

/// For text that comes in pieces: the length of the whole characters at the front of `bytes`, the
/// rest being the start of one more; nullopt if nothing that follows can make `bytes` valid.
std::optional<std::size_t> utf8_prefix(std::string_view bytes);

/// Equal, in a time that depends on the lengths only. Differing lengths are unequal at once.
bool constant_time_equal(std::string_view a, std::string_view b);

/// ASCII only, as HTTP tokens compare.
bool iequals(std::string_view a, std::string_view b);

}  // namespace chat_gateway
