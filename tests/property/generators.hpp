#pragma once

#include <chat_gateway/socketio/cluster/msgpack_json.hpp>

#include <rapidcheck.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Inputs for the properties. They draw when they are called, so only within a property.
namespace chat_gateway::property {

inline std::string any_bytes(std::size_t most = 100) {
    const auto size = *rc::gen::inRange<std::size_t>(0, most + 1);
    return *rc::gen::container<std::string>(size, rc::gen::arbitrary<char>());
}

/// One character of UTF-8, of any length.
inline std::string utf8(char32_t c) {
    const auto byte = [](char32_t v) { return static_cast<char>(static_cast<unsigned char>(v)); };
    if (c < 0x80) return {byte(c)};
    if (c < 0x800) return {byte(0xc0 | c >> 6), byte(0x80 | (c & 0x3f))};
    if (c < 0x10000)
        return {byte(0xe0 | c >> 12), byte(0x80 | (c >> 6 & 0x3f)), byte(0x80 | (c & 0x3f))};
    return {byte(0xf0 | c >> 18), byte(0x80 | (c >> 12 & 0x3f)), byte(0x80 | (c >> 6 & 0x3f)),
            byte(0x80 | (c & 0x3f))};
}

/// UTF-8 with characters of all lengths, the ends of their ranges, and what JSON escapes.
inline std::string any_text(std::size_t most = 20) {
    const auto special =
        rc::gen::element<char32_t>(0, '\n', '"', '\\', '/', 0x1f, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff,
                                   0xe000, 0xffff, 0x10000, 0x10ffff, 0x1f600, 0x2028, 0xfeff);
    const auto character =
        rc::gen::oneOf(rc::gen::inRange<char32_t>(' ', 0x7f), special,
                       rc::gen::suchThat(rc::gen::inRange<char32_t>(0x80, 0x110000),
                                         [](char32_t c) { return c < 0xd800 || c >= 0xe000; }));
    const auto size = *rc::gen::inRange<std::size_t>(0, most + 1);
    std::string text;
    for (const auto c : *rc::gen::container<std::vector<char32_t>>(size, character))
        text += utf8(c);
    return text;
}

inline std::string json_string(std::string_view text) {
    std::string out;
    socketio::cluster::append_js_string(out, text);
    return out;
}

inline double any_finite() {
    const auto bits = rc::gen::map(rc::gen::arbitrary<double>(),
                                   [](double v) { return std::isfinite(v) ? v : 0.0; });
    const auto whole = rc::gen::map(rc::gen::arbitrary<std::int64_t>(),
                                    [](std::int64_t v) { return static_cast<double>(v); });
    const auto small = rc::gen::map(rc::gen::inRange(-300, 300), [](int v) { return v / 4.0; });
    return *rc::gen::oneOf(bits, whole, small);
}

/// JSON as JSON.stringify prints it, with binaries replaced as Socket.IO does: each is drawn into
/// `attachments`, unless that is nullptr. Keys are no array indexes, which JavaScript would sort.
inline std::string any_json(int depth, std::vector<std::string>* attachments = nullptr) {
    const int choice = *rc::gen::inRange(0, depth > 0 ? 9 : 7);
    if (choice == 6 && attachments != nullptr && attachments->size() < 10) {
        attachments->push_back(any_bytes(20));
        return R"({"_placeholder":true,"num":)" + std::to_string(attachments->size() - 1) + '}';
    }
    switch (choice) {
        case 0:
            return "null";
        case 1:
            return *rc::gen::arbitrary<bool>() ? "true" : "false";
        case 2:
        case 3: {
            std::string number;
            socketio::cluster::append_js_number(number, any_finite());
            return number;
        }
        case 7: {
            std::string array = "[";
            for (int due = *rc::gen::inRange(0, 4); due > 0; --due)
                array += any_json(depth - 1, attachments) + (due > 1 ? "," : "");
            return array + ']';
        }
        case 8: {
            std::string object = "{";
            for (int due = *rc::gen::inRange(0, 4); due > 0; --due) {
                object += json_string("k" + std::to_string(due) + any_text(5)) + ':' +
                          any_json(depth - 1, attachments) + (due > 1 ? "," : "");
            }
            return object + '}';
        }
        default:
            return json_string(any_text());
    }
}

/// Sizes of pieces, to be taken over and over.
inline std::vector<std::size_t> any_sizes() {
    return *rc::gen::nonEmpty(
        rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(1, 40)));
}

/// `text` cut into pieces of those sizes.
inline std::vector<std::string> cut(std::string_view text, const std::vector<std::size_t>& sizes) {
    std::vector<std::string> pieces;
    for (std::size_t turn = 0; !text.empty(); ++turn) {
        pieces.emplace_back(text.substr(0, sizes[turn % sizes.size()]));
        text.remove_prefix(pieces.back().size());
    }
    return pieces;
}

}  // namespace chat_gateway::property
