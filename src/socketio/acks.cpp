#include <chat_gateway/socketio/acks.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace chat_gateway::socketio {

std::string acks::open(std::vector<slot_handle> receivers, time_point deadline, handler on_ack) {
    if (rounds_.size() >= max_open) return {};
    std::sort(receivers.begin(), receivers.end());
    const std::uint64_t id = next_++;
    rounds_.emplace(id, round{std::move(receivers), deadline, std::move(on_ack)});
    return std::to_string(id);
}

void acks::take(slot_handle from, std::string_view id, std::string args,
                std::vector<std::string> attachments) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (error != std::errc() || end != id.data() + id.size()) return;
    const auto found = rounds_.find(number);
    if (found == rounds_.end()) return;
    auto& waited_for = found->second.waited_for;
    const auto place = std::lower_bound(waited_for.begin(), waited_for.end(), from);
    if (place == waited_for.end() || *place != from) return;
    waited_for.erase(place);
    if (!waited_for.empty()) return found->second.on_ack(std::move(args), std::move(attachments));
    handler last = std::move(found->second.on_ack);
    rounds_.erase(found);
    last(std::move(args), std::move(attachments));
}

void acks::give_up(time_point now) {
    std::erase_if(rounds_, [&](const auto& entry) { return entry.second.deadline <= now; });
}

std::optional<time_point> acks::next_deadline() const {
    std::optional<time_point> next;
    for (const auto& [id, r] : rounds_)
        next = std::min(next.value_or(r.deadline), r.deadline);
    return next;
}

std::string_view first_element(std::string_view array) {
    constexpr std::string_view space = " \t\r\n";
    array.remove_prefix(array.find('[') + 1);
    array.remove_prefix(std::min(array.find_first_not_of(space), array.size()));
    std::size_t depth = 0;
    std::size_t at = 0;
    for (; at < array.size(); ++at) {
        const char c = array[at];
        if (c == '"') {
            for (++at; at < array.size() && array[at] != '"'; ++at) {
                if (array[at] == '\\') ++at;
            }
        } else if (c == '[' || c == '{') {
            ++depth;
        } else if (depth == 0 && (c == ',' || c == ']')) {
            break;
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    array = array.substr(0, at);
    return array.substr(0, array.find_last_not_of(space) + 1);
}

std::string with_ack_id(std::string_view event, std::string_view id) {
    const auto data = std::min(event.find('['), event.size());
    std::string text;
    text.reserve(event.size() + id.size());
    text.append(event.substr(0, data)).append(id).append(event.substr(data));
    return text;
}

}  // namespace chat_gateway::socketio
