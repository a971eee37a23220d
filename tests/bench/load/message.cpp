#include "message.hpp"

#include <charconv>

namespace bench {

std::string message_json(std::string_view room, std::string_view content) {
    std::string out = R"({"chat_id":")";
    out.append(room).append(R"(","message_id":")").append(message_id);
    out.append(R"(","author":")").append(message_author);
    out.append(R"(","content":")").append(content);
    out.append(R"(","timestamp":)").append(std::to_string(message_timestamp));
    return out.append(R"(,"type":")").append(message_type).append(R"("})");
}

std::string print_content(const content_head& head) {
    return std::to_string(head.room) + ' ' + std::to_string(head.number) + ' ' +
           std::to_string(head.stamp) + ' ';
}

bool find_content(std::string_view packet, content_head& head) {
    constexpr std::string_view event = R"(42["serverMessage",{)";
    constexpr std::string_view key = R"("content":")";
    const auto found = packet.find(key);
    if (!packet.starts_with(event) || found == packet.npos) return false;
    const char* at = packet.data() + found + key.size();
    const char* const end = packet.data() + packet.size();
    const auto number = [&](auto& to) {
        const auto parsed = std::from_chars(at, end, to);
        if (parsed.ec != std::errc() || parsed.ptr == end || *parsed.ptr != ' ') return false;
        at = parsed.ptr + 1;
        return true;
    };
    return number(head.room) && number(head.number) && number(head.stamp);
}

}  // namespace bench
