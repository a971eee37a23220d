#pragma once

#include "client.hpp"

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/chat/ports/change_feed.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::redis {

/// What emitters call themselves: no node ignores it as its own.
inline constexpr std::string_view emitter_uid = "emitter";

/// Where a bus on channels has its mark.
inline std::string mark_key(const std::string& prefix) {
    return prefix + ":outbox";
}

/// One Redis command that publishes one change, word by word.
using publishing_command = std::vector<std::string>;
/// A change -> its command on some adapter's wire.
using change_encoder = unique_function<result<publishing_command>(const chat::change&)>;

struct sink_keys {
    std::string mark;
    /// A key that the commands write to; empty: they publish to channels only.
    std::string written{};
};

/// A change sink whose mark is a key of Redis: a script compares it, sets it, and runs the
/// commands, all in one. Lives on the services loop.
std::unique_ptr<chat::change_sink> make_scripted_sink(std::shared_ptr<client> redis, sink_keys keys,
                                                      change_encoder encode);

/// The same over channels that begin with `prefix`; its mark is `<prefix>:outbox`.
using channel_encoder = result<publishing_command>(std::string_view prefix, const chat::change&);
std::unique_ptr<chat::change_sink> make_channel_sink(std::shared_ptr<client> redis,
                                                     std::string prefix, channel_encoder* encode);

}  // namespace chat_gateway::redis
