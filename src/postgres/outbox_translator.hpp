#pragma once

#include "outbox_row.hpp"

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/chat/ports/change_feed.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace chat_gateway::postgres {

/// What a row says, or what is wrong with it: it is none of ours, or its message is no
/// serverMessage.
std::variant<chat::change, std::string> change_of(const outbox_row& row);

/// Rows of the outbox -> what the cluster is told, in the same order.
///
/// A user who joins a chat gets its next message even on a gateway that had nobody in that chat and
/// has to ask the bus for its room first: for a while after a change of membership the chat's
/// messages go to all gateways, and so they do after start(), because the publisher before this one
/// may have seen a change. Pure; not thread-safe.
class outbox_translator {
public:
    /// After a change, and after start().
    static constexpr std::chrono::seconds wide_after_change{3};
    /// After each message that went to all: the chat has to be quiet for so long,
    static constexpr std::chrono::seconds wide_after_message{1};
    /// but not for ever.
    static constexpr std::chrono::seconds wide_at_most{30};

    void start(time_point now);
    /// Nothing for a row that is none of ours, or whose message is not a serverMessage: it is
    /// counted and logged, and never stands in the way.
    std::optional<chat::change> translate(const outbox_row& row, time_point now);
    [[nodiscard]] std::uint64_t malformed() const { return malformed_; }
    /// Chats whose messages go to all gateways.
    [[nodiscard]] std::size_t wide_chats() const { return wide_.size(); }

private:
    struct period {
        time_point end;
        time_point limit;
    };
    [[nodiscard]] bool goes_to_all(const std::string& chat, time_point now);
    void forget_old(time_point now);
    void note_malformed(const outbox_row& row, std::string_view fault);

    std::unordered_map<std::string, period> wide_;
    time_point all_wide_until_{};
    time_point next_sweep_{};
    std::uint64_t malformed_ = 0;
};

}  // namespace chat_gateway::postgres
