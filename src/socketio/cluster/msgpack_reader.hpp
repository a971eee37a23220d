#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace chat_gateway::socketio::cluster::msgpack {

/// What a value is, seen from JavaScript: the many widths of integers are one kind, and what does
/// not fit an int64 is the double that JavaScript would hold.
enum class kind : std::uint8_t {
    nil,
    boolean,
    integer,
    real,
    string,
    binary,
    array,
    map,
    extension
};

/// One value, or the head of a container: its elements follow.
struct token {
    kind what = kind::nil;
    unsigned char lead = 0;          ///< the form it came in; extensions differ by it
    std::int8_t extension_type = 0;  ///< extension
    std::uint32_t size = 0;          ///< array: elements; map: entries
    std::int64_t integer = 0;        ///< integer; boolean as 0 or 1
    double real = 0;                 ///< real
    std::string_view bytes;          ///< string, binary, extension; lies in the input
};

/// Cuts MessagePack into tokens. Every length is checked against the bytes that are left (an
/// element takes at least one), so a caller may trust a token's size. Holds views only.
class reader {
public:
    explicit reader(std::string_view bytes) : bytes_(bytes) {}

    /// False at the end of the input, and for what is truncated or unknown.
    [[nodiscard]] bool next(token& t);
    /// Passes over one value with all that is in it.
    [[nodiscard]] bool skip();
    /// Passes over bytes that somebody else has read.
    void advance(std::size_t size) { at_ += size; }

    [[nodiscard]] std::size_t position() const { return at_; }
    [[nodiscard]] std::string_view rest() const { return bytes_.substr(at_); }

private:
    bool typed(token& t);
    bool blob(token& t, kind what, std::size_t size);
    bool extension(token& t, std::size_t size);
    bool container(token& t, kind what, std::uint32_t size);
    template <class T>
    bool take(T& value);
    template <class T>
    bool integer(token& t);
    template <class T>
    bool sized(token& t, kind what);

    std::string_view bytes_;
    std::size_t at_ = 0;
};

/// A big-endian number from the first bytes of `bytes`, which has them.
template <class T>
T big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        value = value << 8 | static_cast<unsigned char>(bytes[i]);
    }
    return static_cast<T>(value);
}

}  // namespace chat_gateway::socketio::cluster::msgpack
