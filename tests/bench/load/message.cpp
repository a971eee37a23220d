#include "message.hpp"

#include <charconv>

namespace bench {
namespace {

constexpr std::string_view event = R"(42["serverMessage",{)";
constexpr std::string_view content_key = R"("content":")";

}  // namespace

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

std::size_t content_reader::find(std::string_view packet) const {
    if (!packet.starts_with(event)) return packet.npos;
    if (packet.size() > last_ && packet.substr(last_).starts_with(content_key)) return last_;
    return packet.find(content_key);
}

bool content_reader::read(std::string_view packet, content_head& head) {
    const auto found = find(packet);
    if (found == packet.npos) return false;
    last_ = found;
    const char* at = packet.data() + found + content_key.size();
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
