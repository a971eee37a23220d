#pragma once

#include <chat_gateway/base/ids.hpp>
#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/base/unique_function.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace chat_gateway::socketio {

/// Events that their receivers acknowledge, and who of them has not yet. One per shard, whose ids
/// it gives out; pure.
class acks {
public:
    static constexpr std::size_t max_open = 1000;
    /// One receiver's ack, JSON array text; its placeholders number the attachments.
    using handler = unique_function<void(std::string args, std::vector<std::string> attachments)>;

    /// The id for the event's packet; empty: too many are open.
    [[nodiscard]] std::string open(std::vector<slot_handle> receivers, time_point deadline,
                                   handler on_ack);
    /// A receiver's second ack, one to nothing and one after the deadline are dropped.
    void take(slot_handle from, std::string_view id, std::string args,
              std::vector<std::string> attachments);
    void give_up(time_point now);
    [[nodiscard]] std::optional<time_point> next_deadline() const;

private:
    struct round {
        std::vector<slot_handle> waited_for;  ///< in order
        time_point deadline;
        handler on_ack;
    };
    std::unordered_map<std::uint64_t, round> rounds_;
    std::uint64_t next_ = 0;
};

/// The first of a JSON array's elements, as it stands there; empty if there is none. `array` has
/// passed the decoder.
std::string_view first_element(std::string_view array);

/// An EVENT's or BINARY_EVENT's text of namespace `/`, made to ask for an ack.
std::string with_ack_id(std::string_view event, std::string_view id);

}  // namespace chat_gateway::socketio
