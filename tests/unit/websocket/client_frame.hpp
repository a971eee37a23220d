#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace chat_gateway::tests {

/// A frame as a client sends it, right or wrong in each of its parts.
struct client_frame {
    std::string payload{};
    unsigned opcode = 1;
    bool fin = true;
    unsigned reserved = 0;  ///< RSV1 = 4, RSV2 = 2, RSV3 = 1
    bool masked = true;
    std::array<unsigned char, 4> key{0x37, 0xfa, 0x21, 0x3d};
    int length_bytes = -1;  ///< 0, 2 or 8: how the length is written; -1: in the shortest way

    [[nodiscard]] std::string head(std::uint64_t length) const {
        int extended = length_bytes;
        if (extended < 0) extended = length <= 125 ? 0 : length <= 0xffff ? 2 : 8;
        const std::uint64_t short_length = extended == 0 ? length : extended == 2 ? 126 : 127;
        std::string out;
        out.push_back(static_cast<char>((fin ? 0x80U : 0U) | reserved << 4 | opcode));
        out.push_back(static_cast<char>((masked ? 0x80U : 0U) | short_length));
        for (int i = extended - 1; i >= 0; --i)
            out.push_back(static_cast<char>(length >> (8 * i)));
        return out;
    }

    [[nodiscard]] std::string bytes() const {
        auto out = head(payload.size());
        if (masked) out.append(key.begin(), key.end());
        for (std::size_t i = 0; i < payload.size(); ++i) {
            out.push_back(static_cast<char>(payload[i] ^ (masked ? key[i % 4] : 0)));
        }
        return out;
    }
};

inline std::string text_frame(std::string payload, bool fin = true) {
    return client_frame{.payload = std::move(payload), .fin = fin}.bytes();
}

inline std::string binary_frame(std::string payload, bool fin = true) {
    return client_frame{.payload = std::move(payload), .opcode = 2, .fin = fin}.bytes();
}

inline std::string continuation_frame(std::string payload, bool fin) {
    return client_frame{.payload = std::move(payload), .opcode = 0, .fin = fin}.bytes();
}

inline std::string control_frame(unsigned opcode, std::string payload = "") {
    return client_frame{.payload = std::move(payload), .opcode = opcode}.bytes();
}

inline std::string close_frame(unsigned code, std::string_view reason = "") {
    const std::string payload{static_cast<char>(code >> 8), static_cast<char>(code)};
    return control_frame(8, payload + std::string(reason));
}

}  // namespace chat_gateway::tests
