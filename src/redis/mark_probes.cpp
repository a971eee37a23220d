#include "mark_probes.hpp"

#include <charconv>
#include <utility>

namespace chat_gateway::redis {
namespace {

/// No answer of an adapter begins like that: they are JSON objects, or maps of MessagePack.
constexpr std::string_view word = "outbox-mark ";

/// KEYS: the mark. ARGV: PUBLISH or SPUBLISH, the channel, and what goes before the mark. A user
/// who may not ask for INFO does not learn who keeps it.
constexpr std::string_view script = R"(
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or '0'
return redis.call(ARGV[1], ARGV[2], ARGV[3] .. (redis.call('GET', KEYS[1]) or '0') .. ' ' .. string.sub(run, 1, 16)))";

bool read_all(std::string_view text, std::uint64_t& n, int base) {
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), n, base);
    return fault == std::errc() && end == text.data() + text.size();
}

/// The mark, and the first digits of the run's id.
result<chat::bus_mark> mark_of(std::string_view text) {
    const auto blank = text.find(' ');
    chat::bus_mark mark;
    if (blank == std::string_view::npos || !read_all(text.substr(0, blank), mark.id, 10) ||
        !read_all(text.substr(blank + 1), mark.keeper, 16))
        return make_error_code(errc::malformed);
    return mark;
}

}  // namespace

mark_probes::mark_probes(client& redis, std::string key, std::string channel,
                         std::string_view publish)
    : redis_(redis),
      key_(std::move(key)),
      channel_(std::move(channel)),
      publish_(publish),
      open_(std::make_shared<probes<result<chat::bus_mark>>>()) {}

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
    open_->take(payload.substr(0, blank), mark_of(payload.substr(blank + 1)));
    return true;
}

}  // namespace chat_gateway::redis
