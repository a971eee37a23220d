#include "client.hpp"
#include "stream_entry.hpp"

#include <chat_gateway/redis/redis.hpp>
#include <chat_gateway/socketio/cluster/streams_codec.hpp>
#include <chat_gateway/socketio/stream_position.hpp>

#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace chat_gateway::redis {
namespace {

namespace streams = socketio::cluster::streams;
using socketio::stream_id;
using socketio::stream_position;

/// KEYS: the session. ARGV: the owner, whether none there will do as well ("1"), and with a value
/// its milliseconds and itself. The answer says whether the condition held.
constexpr std::string_view if_owned = R"(
local kept = redis.call('GET', KEYS[1])
if kept then
  if string.sub(kept, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
elseif ARGV[2] ~= '1' then
  return 0
end
if ARGV[4] then redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[3]) else redis.call('DEL', KEYS[1]) end
return 1)";

/// KEYS: the cut. ARGV: its position, and its milliseconds. The latest position counts, whichever
/// order gateways say theirs in; what is there and is no position forbids all there is.
constexpr std::string_view cut_if_later = R"(
local kept = redis.call('GET', KEYS[1])
if kept then
  local ms, sequence = string.match(kept, '^(%d+)-(%d+)$')
  local new_ms, new_sequence = string.match(ARGV[1], '^(%d+)-(%d+)$')
  ms, sequence = tonumber(ms), tonumber(sequence)
  new_ms, new_sequence = tonumber(new_ms), tonumber(new_sequence)
  if not ms or ms > new_ms or (ms == new_ms and sequence >= new_sequence) then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    return 0
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1)";

result<std::optional<std::string>> value_of(result<reply> answer) {
    if (!answer) return answer.error();
    if (answer->type == reply::kind::nil) return std::optional<std::string>();
    if (answer->type != reply::kind::text) return make_error_code(errc::unavailable);
    return std::optional<std::string>(std::move(answer->text));
}

/// What SET says, or the script.
result<bool> outcome_of(const result<reply>& answer) {
    if (!answer) return result<bool>(boost::system::in_place_error, answer.error());
    if (answer->is_error())
        return result<bool>(boost::system::in_place_error, make_error_code(errc::unavailable));
    if (answer->type == reply::kind::integer) return answer->integer != 0;
    return answer->type != reply::kind::nil;
}

result<std::vector<chat::recovery_store::past>> past_of(result<reply> answer) {
    if (!answer) return answer.error();
    auto entries = entries_of(std::move(*answer));
    if (!entries) return make_error_code(errc::unavailable);
    std::vector<chat::recovery_store::past> out;
    out.reserve(entries->size());
    for (const auto& e : *entries) {
        const auto position = stream_position(e.id.ms, e.id.sequence);
        if (!position) continue;
        auto& one = out.emplace_back();
        one.position = *position;
        one.after_loss = is_loss_mark(e);
        const std::vector<std::string_view> fields(e.fields.begin(), e.fields.end());
        auto said = streams::decode_entry(fields);
        if (!said) continue;
        auto* m = std::get_if<socketio::cluster::message>(&said->what);
        if (!m) continue;
        m->position = *position;
        one.what = std::move(*m);
    }
    return out;
}

class recovery_store final : public chat::recovery_store {
public:
    recovery_store(std::shared_ptr<client> redis, std::string stream)
        : commands_(std::move(redis)), stream_(std::move(stream)) {}

    void put(const std::string& pid, const std::string& value, condition c, milliseconds ttl,
             unique_function<void(result<bool>)> done) override {
        const auto key = streams::session_key(pid);
        const auto ms = std::to_string(ttl.count());
        auto answered = [done = std::move(done)](const result<reply>& r) mutable {
            done(outcome_of(r));
        };
        switch (c) {
            case condition::none:
                return commands_->execute_at(key, {"SET", key, value, "PX", ms},
                                             std::move(answered));
            case condition::is_absent:
                return commands_->execute_at(key, {"SET", key, value, "PX", ms, "NX"},
                                             std::move(answered));
            case condition::is_owned:
            case condition::is_not_anothers:
                return commands_->execute_at(
                    key,
                    {"EVAL", if_owned, "1", key, std::string_view(value).substr(0, owner_size),
                     c == condition::is_not_anothers ? "1" : "0", ms, value},
                    std::move(answered));
        }
    }
    void look(const std::string& pid, value_handler handler) override {
        ask_value("GET", streams::session_key(pid), std::move(handler));
    }
    void take(const std::string& pid, value_handler handler) override {
        ask_value("GETDEL", streams::session_key(pid), std::move(handler));
    }
    void drop(const std::string& pid, const std::string& owner, done_handler done) override {
        const auto key = streams::session_key(pid);
        commands_->execute_at(key, {"EVAL", if_owned, "1", key, owner, "0"},
                              [done = std::move(done)](const result<reply>& r) mutable {
                                  const auto outcome = outcome_of(r);
                                  done(outcome ? result<>() : result<>(outcome.error()));
                              });
    }
    void cut(const std::string& user, std::uint64_t position, milliseconds ttl,
             done_handler done) override {
        const auto key = cut_key(user);
        const auto ms = std::to_string(ttl.count());
        commands_->execute_at(key, {"EVAL", cut_if_later, "1", key, stream_id(position), ms},
                              [done = std::move(done)](const result<reply>& r) mutable {
                                  const auto outcome = outcome_of(r);
                                  done(outcome ? result<>() : result<>(outcome.error()));
                              });
    }
    void cut_of(const std::string& user,
                unique_function<void(result<std::uint64_t>)> handler) override {
        ask_value("GET", cut_key(user),
                  [handler = std::move(handler)](result<std::optional<std::string>> value) mutable {
                      if (!value) return handler(value.error());
                      const auto position =
                          *value ? stream_position(**value) : std::optional<std::uint64_t>(0);
                      // What is there and cannot be read forbids.
                      handler(position.value_or(~std::uint64_t{0}));
                  });
    }

    void read(std::uint64_t from, std::uint64_t to, std::size_t most,
              unique_function<void(result<std::vector<past>>)> handler) override {
        commands_->execute_at(
            stream_,
            {"XRANGE", stream_, stream_id(from), stream_id(to), "COUNT", std::to_string(most)},
            [handler = std::move(handler)](result<reply> r) mutable {
                handler(past_of(std::move(r)));
            });
    }

private:
    [[nodiscard]] std::string cut_key(const std::string& user) const {
        return stream_ + ":cut:" + user;
    }
    void ask_value(std::string_view command, const std::string& key, value_handler handler) {
        commands_->execute_at(key, {command, key},
                              [handler = std::move(handler)](result<reply> r) mutable {
                                  handler(value_of(std::move(r)));
                              });
    }

    std::shared_ptr<client> commands_;
    std::string stream_;
};

}  // namespace

std::unique_ptr<chat::recovery_store> make_recovery_store(std::shared_ptr<client> redis,
                                                          std::string stream) {
    return std::make_unique<recovery_store>(std::move(redis), std::move(stream));
}

}  // namespace chat_gateway::redis
