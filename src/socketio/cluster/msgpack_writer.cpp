#include "cluster/msgpack_writer.hpp"

#include <bit>
#include <cmath>
#include <cstdint>

namespace chat_gateway::socketio::cluster::msgpack {
namespace {

void append_big_endian(std::string& out, std::uint64_t value, unsigned bytes) {
    while (bytes-- > 0) {
        out += static_cast<char>(value >> (8 * bytes));
    }
}

/// `form` is that of one byte; the forms of two, four and eight follow it.
void append_sized(std::string& out, unsigned char form, std::uint64_t value) {
    unsigned char step = 0;
    while (step < 3 && value >> (8U << step) != 0) {
        ++step;
    }
    out += static_cast<char>(form + step);
    append_big_endian(out, value, 1U << step);
}

void append_natural(std::string& out, std::uint64_t value) {
    if (value < 0x80) {
        out += static_cast<char>(value);
    } else {
        append_sized(out, 0xcc, value);
    }
}

void append_negative(std::string& out, std::int64_t value) {
    if (value >= -0x20) {
        out += static_cast<char>(value);
        return;
    }
    unsigned char step = 0;
    while (step < 3 && value < -(std::int64_t{1} << ((8U << step) - 1))) {
        ++step;
    }
    out += static_cast<char>(0xd0 + step);
    append_big_endian(out, static_cast<std::uint64_t>(value), 1U << step);
}

/// Containers have no form of one byte.
void append_head(std::string& out, unsigned char short_form, unsigned char form, std::size_t size) {
    if (size < 0x10) {
        out += static_cast<char>(short_form | size);
    } else if (size < 0x10000) {
        out += static_cast<char>(form);
        append_big_endian(out, size, 2);
    } else {
        out += static_cast<char>(form + 1);
        append_big_endian(out, size, 4);
    }
}

}  // namespace

void append_nil(std::string& out) {
    out += '\xc0';
}

void append_boolean(std::string& out, bool value) {
    out += value ? '\xc3' : '\xc2';
}

void append_number(std::string& out, double value) {
    if (std::trunc(value) == value && value >= 0 && value < 0x1p64) {
        append_natural(out, static_cast<std::uint64_t>(value));
    } else if (std::trunc(value) == value && value < 0 && value >= -0x1p63) {
        append_negative(out, static_cast<std::int64_t>(value));
    } else {
        // Also what is integral but too large for an integer, of which notepack keeps the low bits
        // only.
        out += '\xcb';
        append_big_endian(out, std::bit_cast<std::uint64_t>(value), 8);
    }
}

void append_string(std::string& out, std::string_view text) {
    if (text.size() < 0x20) {
        out += static_cast<char>(0xa0 | text.size());
    } else {
        append_sized(out, 0xd9, text.size());
    }
    out += text;
}

void append_binary(std::string& out, std::string_view bytes) {
    append_sized(out, 0xc4, bytes.size());
    out += bytes;
}

void append_array_head(std::string& out, std::size_t elements) {
    append_head(out, 0x90, 0xdc, elements);
}

void append_map_head(std::string& out, std::size_t entries) {
    append_head(out, 0x80, 0xde, entries);
}

}  // namespace chat_gateway::socketio::cluster::msgpack
