#include "mark_probes.hpp"

#include <charconv>
#include <utility>

namespace chat_gateway::redis {
namespace {

/// No answer of an adapter begins like that: they are JSON objects, or maps of MessagePack.
constexpr std::string_view word = "outbox-mark ";

/// KEYS: the mark. ARGV: PUBLISH or SPUBLISH, the channel, and what goes before the mark.
constexpr std::string_view script =
    "return redis.call(ARGV[1], ARGV[2], ARGV[3] .. (redis.call('GET', KEYS[1]) or '0'))";

result<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t n = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (fault != std::errc() || end != text.data() + text.size())
        return make_error_code(errc::malformed);
    return n;
}

}  // namespace

mark_probes::mark_probes(client& redis, std::string key, std::string channel,
                         std::string_view publish)
    : redis_(redis),
      key_(std::move(key)),
      channel_(std::move(channel)),
      publish_(publish),
      open_(std::make_shared<probes<result<std::uint64_t>>>()) {}

void mark_probes::open(chat::bus_marks::mark_handler handler) {
    const std::string id = open_->open(std::move(handler));
    const std::string head = std::string(word) + id + ' ';
    redis_.execute_at(key_, {"EVAL", script, "1", key_, publish_, channel_, head},
                      [open = open_, id](const result<reply>& r) {
                          if (!r)
                              open->fail(id, r.error());
                          else if (r->is_error())
                              open->fail(id, make_error_code(errc::unavailable));
                      });
}

bool mark_probes::take(std::string_view channel, std::string_view payload) {
    if (channel != channel_ || !payload.starts_with(word)) return false;
    payload.remove_prefix(word.size());
    const auto blank = payload.find(' ');
    if (blank == std::string_view::npos) return false;
    open_->take(payload.substr(0, blank), number_of(payload.substr(blank + 1)));
    return true;
}

}  // namespace chat_gateway::redis
