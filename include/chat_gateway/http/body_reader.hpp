#pragma once

#include <chat_gateway/http/request_head.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace chat_gateway::http {

/// A request's body out of bytes that arrive piece by piece. Chunked coding (RFC 9112 section 7.1)
/// is bounded in everything that is no data, too: a chunk's size line in its length, all extensions
/// together, the trailer section. Extensions and trailers are checked for form and dropped.
class body_reader {
public:
    enum class progress {
        more,       ///< all of it was taken, and more is needed
        complete,   ///< what is left belongs to the next request
        too_large,  ///< 413
        malformed,  ///< 400
    };
    static constexpr std::size_t max_size_line = 256;
    static constexpr std::size_t max_extension_bytes = 4096;
    static constexpr std::size_t max_trailer_bytes = 4096;

    /// `limit`: most bytes of data.
    body_reader(const request_head& head, std::size_t limit);

    /// Takes from the front of `input`, appends data to `body`. Not to be called after anything but
    /// `more`.
    progress feed(std::string_view& input, std::string& body);

private:
    enum class state { data, size_line, chunk_data, chunk_end, trailer };

    progress feed_chunked(std::string_view& input, std::string& body);
    bool take_line(std::string_view& input, std::size_t max);
    progress begin_chunk();
    progress end_trailer_line();

    std::size_t limit_;
    std::uint64_t left_;  ///< of the data, or of the chunk's
    state state_;
    bool broken_ = false;  ///< by take_line: the line is too long, or does not end in CRLF
    std::size_t data_bytes_ = 0;
    std::size_t extension_bytes_ = 0;
    std::size_t trailer_bytes_ = 0;
    std::string line_;  ///< the size or trailer line so far; without its CRLF when complete
};

}  // namespace chat_gateway::http
