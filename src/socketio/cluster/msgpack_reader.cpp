#include "cluster/msgpack_reader.hpp"

#include <bit>
#include <limits>

namespace chat_gateway::socketio::cluster::msgpack {

template <class T>
bool reader::take(T& value) {
    if (rest().size() < sizeof(T)) return false;
    value = big_endian<T>(rest());
    at_ += sizeof(T);
    return true;
}

template <class T>
bool reader::integer(token& t) {
    T value{};
    if (!take(value)) return false;
    if constexpr (sizeof(T) == 8 && std::numeric_limits<T>::min() == 0) {
        if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
            t.what = kind::real;
            t.real = static_cast<double>(value);
            return true;
        }
    }
    t.what = kind::integer;
    t.integer = static_cast<std::int64_t>(value);
    return true;
}

template <class T>
bool reader::sized(token& t, kind what) {
    T size{};
    if (!take(size)) return false;
    switch (what) {
        case kind::array:
        case kind::map:
            return container(t, what, size);
        case kind::extension:
            return extension(t, size);
        default:
            return blob(t, what, size);
    }
}

bool reader::blob(token& t, kind what, std::size_t size) {
    if (rest().size() < size) return false;
    t.what = what;
    t.bytes = rest().substr(0, size);
    at_ += size;
    return true;
}

bool reader::extension(token& t, std::size_t size) {
    return take(t.extension_type) && blob(t, kind::extension, size);
}

bool reader::container(token& t, kind what, std::uint32_t size) {
    const std::size_t least_bytes = (what == kind::map ? 2 : 1) * std::size_t{size};
    if (rest().size() < least_bytes) return false;
    t.what = what;
    t.size = size;
    return true;
}

bool reader::next(token& t) {
    if (!take(t.lead)) return false;
    if (t.lead >= 0xc0 && t.lead < 0xe0) return typed(t);
    if (t.lead >= 0xa0 && t.lead < 0xc0) return blob(t, kind::string, t.lead & 0x1fU);
    if (t.lead >= 0x90 && t.lead < 0xa0) return container(t, kind::array, t.lead & 0x0fU);
    if (t.lead >= 0x80 && t.lead < 0x90) return container(t, kind::map, t.lead & 0x0fU);
    t.what = kind::integer;
    t.integer = static_cast<std::int8_t>(t.lead);
    return true;
}

bool reader::typed(token& t) {
    switch (t.lead) {
        case 0xc0:
            t.what = kind::nil;
            return true;
        case 0xc2:
        case 0xc3:
            t.what = kind::boolean;
            t.integer = t.lead & 1;
            return true;
        case 0xc4:
            return sized<std::uint8_t>(t, kind::binary);
        case 0xc5:
            return sized<std::uint16_t>(t, kind::binary);
        case 0xc6:
            return sized<std::uint32_t>(t, kind::binary);
        case 0xc7:
            return sized<std::uint8_t>(t, kind::extension);
        case 0xc8:
            return sized<std::uint16_t>(t, kind::extension);
        case 0xc9:
            return sized<std::uint32_t>(t, kind::extension);
        case 0xca: {
            std::uint32_t bits = 0;
            t.what = kind::real;
            if (!take(bits)) return false;
            t.real = std::bit_cast<float>(bits);
            return true;
        }
        case 0xcb: {
            std::uint64_t bits = 0;
            t.what = kind::real;
            if (!take(bits)) return false;
            t.real = std::bit_cast<double>(bits);
            return true;
        }
        case 0xcc:
            return integer<std::uint8_t>(t);
        case 0xcd:
            return integer<std::uint16_t>(t);
        case 0xce:
            return integer<std::uint32_t>(t);
        case 0xcf:
            return integer<std::uint64_t>(t);
        case 0xd0:
            return integer<std::int8_t>(t);
        case 0xd1:
            return integer<std::int16_t>(t);
        case 0xd2:
            return integer<std::int32_t>(t);
        case 0xd3:
            return integer<std::int64_t>(t);
        case 0xd4:
        case 0xd5:
        case 0xd6:
        case 0xd7:
        case 0xd8:
            return extension(t, std::size_t{1} << (t.lead - 0xd4U));
        case 0xd9:
            return sized<std::uint8_t>(t, kind::string);
        case 0xda:
            return sized<std::uint16_t>(t, kind::string);
        case 0xdb:
            return sized<std::uint32_t>(t, kind::string);
        case 0xdc:
            return sized<std::uint16_t>(t, kind::array);
        case 0xdd:
            return sized<std::uint32_t>(t, kind::array);
        case 0xde:
            return sized<std::uint16_t>(t, kind::map);
        case 0xdf:
            return sized<std::uint32_t>(t, kind::map);
        default:
            return false;  // 0xc1 is never used
    }
}

bool reader::skip() {
    token t;
    for (std::uint64_t due = 1; due > 0; --due) {
        if (!next(t)) return false;
        if (t.what == kind::array) due += t.size;
        if (t.what == kind::map) due += 2 * std::uint64_t{t.size};
    }
    return true;
}

}  // namespace chat_gateway::socketio::cluster::msgpack
