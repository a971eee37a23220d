#include <chat_gateway/websocket/deflate.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <vector>
#include <zlib.h>

namespace chat_gateway::websocket {
namespace {

constexpr int raw_window = -MAX_WBITS;  // zlib: negative for DEFLATE without header and checksum
constexpr std::size_t window_size = std::size_t{1} << MAX_WBITS;
/// zlib's default.
constexpr int memory_level = 8;
/// What a sync flush ends with; a sender leaves it out, a receiver puts it back.
constexpr std::string_view flush_end("\0\0\xff\xff", 4);
/// Streams that one message may consist of. Each further one costs a copy of the window.
constexpr int max_streams = 64;
/// A buffer larger than this is not kept for the next message.
constexpr std::size_t kept_buffer = 256 * 1024;

Bytef* bytes_of(const char* p) {
    return reinterpret_cast<Bytef*>(const_cast<char*>(p));
}

/// zlib counts in 32 bits; messages are at most 4 GiB - 1 (frame_parser), what they deflate to is
/// cut here.
uInt chunk(std::size_t n) {
    return static_cast<uInt>(std::min<std::size_t>(n, std::numeric_limits<uInt>::max()));
}

class deflater {
public:
    deflater() {
        if (deflateInit2(&z_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, raw_window, memory_level,
                         Z_DEFAULT_STRATEGY) != Z_OK) {
            throw std::bad_alloc();
        }
    }
    deflater(const deflater&) = delete;
    deflater& operator=(const deflater&) = delete;
    ~deflater() { deflateEnd(&z_); }

    std::string_view run(std::string_view message) {
        deflateReset(&z_);
        if (out_.size() > kept_buffer) std::vector<char>().swap(out_);
        std::size_t used = 0;
        do {
            const uInt input = chunk(message.size());
            z_.next_in = bytes_of(message.data());
            z_.avail_in = input;
            message.remove_prefix(input);
            const int flush = message.empty() ? Z_SYNC_FLUSH : Z_NO_FLUSH;
            do {
                if (used == out_.size()) {
                    out_.resize(std::max<std::size_t>(2 * used, 4096));
                }
                z_.next_out = bytes_of(out_.data() + used);
                z_.avail_out = chunk(out_.size() - used);
                const uInt space = z_.avail_out;
                deflate(&z_, flush);
                used += space - z_.avail_out;
            } while (z_.avail_out == 0);
        } while (!message.empty());
        std::string_view made(out_.data(), used);
        if (made.ends_with(flush_end)) made.remove_suffix(flush_end.size());
        return made;
    }

private:
    z_stream z_{};
    std::vector<char> out_;
};

class inflater {
public:
    inflater() {
        if (inflateInit2(&z_, raw_window) != Z_OK) throw std::bad_alloc();
    }
    inflater(const inflater&) = delete;
    inflater& operator=(const inflater&) = delete;
    ~inflater() { inflateEnd(&z_); }

    close_code run(std::string_view compressed, std::size_t max, std::string& out) {
        if (compressed.empty()) return close_code::none;  // sent so by some for an empty message
        inflateReset(&z_);
        streams_ = 1;
        ended_ = false;
        start_ = out.size();
        if (auto e = feed(compressed, max, out); e != close_code::none) return e;
        // A stream that ended with the last byte is complete without the flush.
        if (ended_) return close_code::none;
        if (auto e = feed(flush_end, max, out); e != close_code::none) return e;
        constexpr int between_blocks = 128;  // inflate(): only there may a message end
        return ended_ || (z_.data_type & between_blocks) != 0 ? close_code::none
                                                              : close_code::invalid_payload;
    }

private:
    close_code feed(std::string_view input, std::size_t max, std::string& out) {
        while (!input.empty()) {
            if (ended_ && !restart(out)) return close_code::invalid_payload;
            const uInt given = chunk(input.size());
            z_.next_in = bytes_of(input.data());
            z_.avail_in = given;
            if (auto e = inflate_chunk(max, out); e != close_code::none) return e;
            input.remove_prefix(given - z_.avail_in);
        }
        return close_code::none;
    }

    /// Until the input is used up or a stream ends.
    close_code inflate_chunk(std::size_t max, std::string& out) {
        do {
            z_.next_out = bytes_of(piece_.data());
            z_.avail_out = static_cast<uInt>(piece_.size());
            const int result = inflate(&z_, Z_SYNC_FLUSH);
            const std::size_t made = piece_.size() - z_.avail_out;
            if (made > max - (out.size() - start_)) return close_code::too_big;
            out.append(piece_.data(), made);
            if (result == Z_STREAM_END) {
                ended_ = true;
                return close_code::none;
            }
            // Z_BUF_ERROR: nothing was left to do.
            if (result == Z_MEM_ERROR) throw std::bad_alloc();
            if (result != Z_OK && result != Z_BUF_ERROR) return close_code::invalid_payload;
        } while (z_.avail_in != 0 || z_.avail_out == 0);
        return close_code::none;
    }

    /// More input behind a BFINAL block begins a new stream, which may refer to what is in the
    /// window. False: too many of them.
    bool restart(const std::string& out) {
        if (++streams_ > max_streams) return false;
        ended_ = false;
        inflateReset(&z_);
        const std::size_t known = std::min(out.size() - start_, window_size);
        inflateSetDictionary(&z_, bytes_of(out.data() + out.size() - known),
                             static_cast<uInt>(known));
        return true;
    }

    z_stream z_{};
    std::size_t start_ = 0;  ///< of this message, in the output
    int streams_ = 0;
    bool ended_ = false;
    std::array<char, 16384> piece_{};
};

// --- negotiation

bool is_token_character(char c) {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != std::string_view::npos;
}

/// Reads RFC 6455 section 9.1's grammar from the front of a text.
class offer_reader {
public:
    explicit offer_reader(std::string_view text) : rest_(text) {}

    void skip_space() {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t'))
            rest_.remove_prefix(1);
    }
    /// With the white space around it.
    bool take(char c) {
        skip_space();
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        skip_space();
        return true;
    }
    std::string_view token() {
        std::size_t n = 0;
        while (n < rest_.size() && is_token_character(rest_[n]))
            ++n;
        const auto t = rest_.substr(0, n);
        rest_.remove_prefix(n);
        return t;
    }
    /// A token, plain or quoted; of a quoted one with escapes a copy in `buffer`, cut to its size:
    /// no parameter of ours has so long a value. Empty: neither.
    std::string_view value(std::array<char, 8>& buffer) {
        if (rest_.empty() || rest_.front() != '"') return token();
        std::size_t n = 0;
        std::size_t at = 1;
        for (; at < rest_.size() && rest_[at] != '"'; ++at) {
            if (rest_[at] == '\\') ++at;
            if (at >= rest_.size() || !is_token_character(rest_[at])) return {};
            if (n < buffer.size()) buffer[n++] = rest_[at];
        }
        if (at >= rest_.size()) return {};
        rest_.remove_prefix(at + 1);
        return {buffer.data(), n};
    }
    [[nodiscard]] bool done() const { return rest_.empty(); }

private:
    std::string_view rest_;
};

/// 8 to 15 without leading zeros; 0 for anything else.
unsigned window_bits(std::string_view text) {
    if (text.size() == 1 && (text[0] == '8' || text[0] == '9'))
        return static_cast<unsigned>(text[0] - '0');
    if (text.size() == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5')
        return 10U + static_cast<unsigned>(text[1] - '0');
    return 0;
}

/// One permessage-deflate offer: what it asks for, and whether that can be had.
struct offer {
    bool acceptable = true;
    bool server_takeover = false;
    bool client_takeover = false;
    bool client_window_known = false;
    unsigned server_bits = 0;  ///< 0: not asked for
    unsigned client_bits = 0;

    void flag(bool& seen, bool has_value) {
        acceptable = acceptable && !seen && !has_value;
        seen = true;
    }
    void parameter(std::string_view name, bool has_value, std::string_view text) {
        if (name == "server_no_context_takeover") return flag(server_takeover, has_value);
        if (name == "client_no_context_takeover") return flag(client_takeover, has_value);
        const unsigned bits = has_value ? window_bits(text) : 0;
        if (name == "server_max_window_bits") {
            acceptable = acceptable && server_bits == 0 && bits != 0;
            server_bits = bits;
        } else if (name == "client_max_window_bits") {
            acceptable = acceptable && !client_window_known && (bits != 0 || !has_value);
            client_window_known = true;
            client_bits = bits;
        } else {
            acceptable = false;
        }
    }
    [[nodiscard]] deflate_terms terms() const {
        deflate_terms t;
        t.answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        if (server_bits != 0) t.answer += "; server_max_window_bits=" + std::to_string(server_bits);
        if (client_bits != 0) t.answer += "; client_max_window_bits=" + std::to_string(client_bits);
        t.send = server_bits == 0 || server_bits == MAX_WBITS;
        return t;
    }
};

}  // namespace

deflate_terms negotiate_deflate(std::string_view offers) {
    static const deflate_terms refused{.malformed = true, .answer = {}, .send = false};
    deflate_terms chosen;
    offer_reader in(offers);
    std::array<char, 8> buffer{};
    do {
        // Empty list elements are the recipient's to ignore (RFC 9110 section 5.6.1).
        while (in.take(',')) {
        }
        if (in.done()) return chosen;
        const auto name = in.token();
        if (name.empty()) return refused;
        offer o;
        o.acceptable = name == "permessage-deflate";
        while (in.take(';')) {
            const auto key = in.token();
            if (key.empty()) return refused;
            const bool has_value = in.take('=');
            const auto text = has_value ? in.value(buffer) : std::string_view();
            if (has_value && text.empty()) return refused;
            o.parameter(key, has_value, text);
        }
        if (o.acceptable && !chosen.agreed()) chosen = o.terms();
    } while (in.take(','));
    return in.done() ? chosen : refused;
}

std::string_view deflate_message(std::string_view message) {
    thread_local deflater mine;
    return mine.run(message);
}

close_code inflate_message(std::string_view compressed, std::size_t max, std::string& out) {
    thread_local inflater mine;
    return mine.run(compressed, max, out);
}

}  // namespace chat_gateway::websocket
