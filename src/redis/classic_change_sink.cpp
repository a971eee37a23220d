#include "client.hpp"

#include <chat_gateway/redis/redis.hpp>
#include <chat_gateway/socketio/cluster/classic_codec.hpp>
#include <chat_gateway/socketio/cluster/classic_requests.hpp>

#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace chat_gateway::redis {
namespace {

namespace classic = socketio::cluster::classic;
using socketio::cluster::message;
using socketio::cluster::request;

/// What emitters call themselves: no node ignores it as its own.
constexpr std::string_view emitter = "emitter";

/// KEYS: the mark. ARGV: the mark to go on from, the new one, channel and payload of each change.
/// The SET comes first: if Redis refuses it (out of memory) nothing has been published.
constexpr std::string_view script = R"(
if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
for i = 3, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end
return 1)";

struct publication {
    std::string channel;
    std::string payload;
};

result<publication> encode(std::string_view prefix, const chat::change& change) {
    if (const auto* m = std::get_if<message>(&change)) {
        auto payload = classic::encode_broadcast(emitter, *m);
        if (!payload) return payload.error();
        return publication{classic::channel_of(prefix, *m), std::move(*payload)};
    }
    const auto& r = std::get<request>(change);
    auto payload = classic::encode_request(r);
    if (!payload) return payload.error();
    return publication{classic::request_channel(prefix, r.nsp), std::move(*payload)};
}

result<> outcome_of(const result<reply>& answer) {
    if (!answer) return answer.error();
    if (answer->type != reply::kind::integer) return make_error_code(errc::unavailable);
    if (answer->integer == 0) return make_error_code(errc::closed);
    return {};
}

/// A key that holds something else is not ours to overwrite.
result<std::uint64_t> mark_of(const result<reply>& answer) {
    if (!answer) return answer.error();
    if (answer->type == reply::kind::nil) return 0;
    if (answer->type != reply::kind::text) return make_error_code(errc::unavailable);
    return std::strtoull(answer->text.c_str(), nullptr, 10);
}

class classic_change_sink final : public chat::change_sink {
public:
    classic_change_sink(std::shared_ptr<client> redis, std::string prefix)
        : commands_(std::move(redis)), prefix_(std::move(prefix)), key_(prefix_ + ":outbox") {}

    void publish_marked(std::vector<chat::change> changes, std::uint64_t after, std::uint64_t mark,
                        done_handler done) override {
        std::vector<publication> publications;
        publications.reserve(changes.size());
        for (const auto& change : changes) {
            auto one = encode(prefix_, change);
            if (!one) {
                return commands_->later(
                    [done = std::move(done), error = one.error()]() mutable { done(error); });
            }
            publications.push_back(std::move(*one));
        }
        const auto from = std::to_string(after);
        const auto to = std::to_string(mark);
        std::vector<std::string_view> words{"EVAL", script, "1", key_, from, to};
        for (const auto& p : publications) {
            words.emplace_back(p.channel);
            words.emplace_back(p.payload);
        }
        commands_->execute_at(
            key_, words,
            [done = std::move(done)](const result<reply>& r) mutable { done(outcome_of(r)); });
    }

    void last_mark(mark_handler handler) override {
        commands_->execute_at(key_, {"GET", key_},
                              [handler = std::move(handler)](const result<reply>& r) mutable {
                                  handler(mark_of(r));
                              });
    }

private:
    std::shared_ptr<client> commands_;
    std::string prefix_;
    std::string key_;
};

}  // namespace

std::unique_ptr<chat::change_sink> make_classic_change_sink(std::shared_ptr<client> redis,
                                                            std::string prefix) {
    return std::make_unique<classic_change_sink>(std::move(redis), std::move(prefix));
}

}  // namespace chat_gateway::redis
