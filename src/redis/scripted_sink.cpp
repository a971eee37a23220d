#include "scripted_sink.hpp"

#include <cstdlib>
#include <utility>

namespace chat_gateway::redis {
namespace {

/// KEYS: the mark, and what the commands write to. ARGV: the mark to go on from, the new one, and
/// for each command the number of its words and these. The SET comes first: if Redis refuses it
/// (out of memory) nothing has been published; behind it nothing is refused for memory any more.
constexpr std::string_view script = R"(
if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
local at = 3
while at <= #ARGV do
  local last = at + tonumber(ARGV[at])
  redis.call(unpack(ARGV, at + 1, last))
  at = last + 1
end
return 1)";

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

class scripted_sink final : public chat::change_sink {
public:
    scripted_sink(std::shared_ptr<client> redis, sink_keys keys, change_encoder encode)
        : commands_(std::move(redis)), keys_(std::move(keys)), encode_(std::move(encode)) {}

    void publish_marked(std::vector<chat::change> changes, std::uint64_t after, std::uint64_t mark,
                        done_handler done) override {
        std::vector<std::string> arguments{std::to_string(after), std::to_string(mark)};
        for (const auto& change : changes) {
            auto command = encode_(change);
            if (!command) {
                return commands_->later(
                    [done = std::move(done), error = command.error()]() mutable { done(error); });
            }
            arguments.push_back(std::to_string(command->size()));
            for (auto& word : *command)
                arguments.push_back(std::move(word));
        }
        std::vector<std::string_view> words{"EVAL", script, keys_.written.empty() ? "1" : "2",
                                            keys_.mark};
        if (!keys_.written.empty()) words.emplace_back(keys_.written);
        words.insert(words.end(), arguments.begin(), arguments.end());
        commands_->execute_at(
            keys_.mark, words,
            [done = std::move(done)](const result<reply>& r) mutable { done(outcome_of(r)); });
    }

    void last_mark(mark_handler handler) override {
        commands_->execute_at(keys_.mark, {"GET", keys_.mark},
                              [handler = std::move(handler)](const result<reply>& r) mutable {
                                  handler(mark_of(r));
                              });
    }

private:
    std::shared_ptr<client> commands_;
    sink_keys keys_;
    change_encoder encode_;
};

}  // namespace

std::unique_ptr<chat::change_sink> make_scripted_sink(std::shared_ptr<client> redis, sink_keys keys,
                                                      change_encoder encode) {
    return std::make_unique<scripted_sink>(std::move(redis), std::move(keys), std::move(encode));
}

std::unique_ptr<chat::change_sink> make_channel_sink(std::shared_ptr<client> redis,
                                                     std::string prefix, channel_encoder* encode) {
    sink_keys keys{.mark = mark_key(prefix)};
    return make_scripted_sink(std::move(redis), std::move(keys),
                              [prefix = std::move(prefix), encode](const chat::change& change) {
                                  return encode(prefix, change);
                              });
}

}  // namespace chat_gateway::redis
