#pragma once

#include <chat_gateway/websocket/frame_parser.hpp>

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chat_gateway::tests {

/// An event that owns its payload.
struct seen {
    websocket::event::kind what{};
    std::string payload;
    unsigned code = 0;
    bool operator==(const seen&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const seen& s) {
    static constexpr const char* names[] = {"text", "binary", "ping", "pong", "close", "error"};
    return out << names[static_cast<std::size_t>(s.what)] << '(' << s.code << ", "
               << s.payload.size() << " bytes: " << s.payload.substr(0, 40) << ')';
}

inline seen text(std::string payload) {
    return {websocket::event::kind::text, std::move(payload)};
}
inline seen binary(std::string payload) {
    return {websocket::event::kind::binary, std::move(payload)};
}
inline seen ping(std::string payload) {
    return {websocket::event::kind::ping, std::move(payload)};
}
inline seen pong(std::string payload) {
    return {websocket::event::kind::pong, std::move(payload)};
}
inline seen error(unsigned code) {
    return {websocket::event::kind::error, "", code};
}
inline seen close(unsigned code, std::string payload) {
    return {websocket::event::kind::close, std::move(payload), code};
}

/// Hands the bytes over in a buffer of just their size, which is overwritten afterwards as a loop's
/// buffer is.
inline std::vector<seen> feed(websocket::frame_parser& parser, std::string_view bytes) {
    std::vector<char> buffer(bytes.begin(), bytes.end());
    parser.feed(buffer);
    std::vector<seen> events;
    while (const auto e = parser.next()) {
        events.push_back({e->what, std::string(e->payload), static_cast<unsigned>(e->code)});
    }
    buffer.assign(buffer.size(), '\x55');
    return events;
}

/// All at once.
inline std::vector<seen> parse(std::string_view bytes, std::size_t max_message = 1000000) {
    websocket::frame_parser parser(max_message);
    return feed(parser, bytes);
}

/// In pieces of the given sizes, over and over.
inline std::vector<seen> parse_in_pieces(std::string_view bytes,
                                         const std::vector<std::size_t>& sizes,
                                         std::size_t max_message = 1000000) {
    websocket::frame_parser parser(max_message);
    std::vector<seen> all;
    for (std::size_t turn = 0; !bytes.empty(); ++turn) {
        const auto piece = bytes.substr(0, sizes[turn % sizes.size()]);
        bytes.remove_prefix(piece.size());
        for (auto& s : feed(parser, piece))
            all.push_back(std::move(s));
    }
    return all;
}

}  // namespace chat_gateway::tests
