#include "characters.hpp"

#include <chat_gateway/http/body_reader.hpp>

#include <algorithm>
#include <charconv>

namespace chat_gateway::http {

body_reader::body_reader(const request_head& head, std::size_t limit)
    : limit_(limit),
      left_(head.framing == body_framing::length ? head.length : 0),
      state_(head.framing == body_framing::chunked ? state::size_line : state::data) {}

body_reader::progress body_reader::feed(std::string_view& input, std::string& body) {
    if (state_ != state::data) return feed_chunked(input, body);
    if (left_ > limit_) return progress::too_large;
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
    body.append(input.substr(0, n));
    input.remove_prefix(n);
    left_ -= n;
    limit_ -= n;
    return left_ == 0 ? progress::complete : progress::more;
}

body_reader::progress body_reader::feed_chunked(std::string_view& input, std::string& body) {
    for (;;) {
        if (state_ == state::chunk_data) {
            const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
            body.append(input.substr(0, n));
            input.remove_prefix(n);
            left_ -= n;
            if (left_ != 0) return progress::more;
            state_ = state::chunk_end;
        }
        const std::size_t longest = state_ == state::size_line   ? max_size_line
                                    : state_ == state::chunk_end ? 0
                                                                 : max_trailer_bytes;
        if (!take_line(input, longest)) return broken_ ? progress::malformed : progress::more;
        progress next = progress::more;
        if (state_ == state::chunk_end) {
            state_ = state::size_line;
        } else if (state_ == state::size_line) {
            next = begin_chunk();
        } else {
            next = end_trailer_line();
        }
        line_.clear();
        if (next != progress::more) return next;
    }
}

/// True: a line is complete in line_.
bool body_reader::take_line(std::string_view& input, std::size_t max) {
    while (!input.empty()) {
        const char c = input.front();
        input.remove_prefix(1);
        const bool after_cr = line_.ends_with('\r');
        if (after_cr && c == '\n') {
            line_.pop_back();
            return true;
        }
        const bool fits = c == '\r' || (is_field_char(c) && line_.size() < max);
        if (after_cr || !fits) {
            broken_ = true;
            return false;
        }
        line_ += c;
    }
    return false;
}

body_reader::progress body_reader::begin_chunk() {
    const char* const end = line_.data() + line_.size();
    const auto [stop, error] = std::from_chars(line_.data(), end, left_, 16);
    if (error != std::errc()) return progress::malformed;  // no digits, or too many
    if (stop != end && *stop != ';') return progress::malformed;
    extension_bytes_ += static_cast<std::size_t>(end - stop);
    if (extension_bytes_ > max_extension_bytes) return progress::malformed;
    if (left_ > limit_ - data_bytes_) return progress::too_large;
    data_bytes_ += static_cast<std::size_t>(left_);
    state_ = left_ == 0 ? state::trailer : state::chunk_data;
    return progress::more;
}

body_reader::progress body_reader::end_trailer_line() {
    if (line_.empty()) return progress::complete;
    trailer_bytes_ += line_.size() + 2;
    if (trailer_bytes_ > max_trailer_bytes) return progress::malformed;
    const auto colon = line_.find(':');
    if (colon == line_.npos || !is_token(std::string_view(line_).substr(0, colon)))
        return progress::malformed;
    return progress::more;
}

}  // namespace chat_gateway::http
