#pragma once

#include <chat_gateway/http/message.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace chat_gateway::http {

/// RFC 9110 section 8.4.1; deflate is the zlib format (RFC 1950), as it stands there.
enum class content_coding : std::uint8_t { identity, gzip, deflate };

/// What a client with this Accept-Encoding (all its headers, joined) likes best of gzip and
/// deflate: by q, then explicit names before `*`, then its own order, then gzip. As Node's
/// negotiator, but where that compresses although `identity` was given a higher q of its own.
/// No header, nothing that is ours, q=0 everywhere: identity. Codings with a q that is not a number
/// from 0 to 1 are passed over.
[[nodiscard]] content_coding preferred_coding(std::string_view accept_encoding);

/// `bytes` in that coding, at zlib's default level.
[[nodiscard]] std::string encode(std::string_view bytes, content_coding coding);

/// Encodes the body and says so in Content-Encoding; with identity the body stays. In both cases
/// `Vary: Accept-Encoding` is added. For an answer without Vary and Content-Length.
void encode_content(response& r, content_coding coding);

}  // namespace chat_gateway::http
