#include "client.hpp"

#include <chat_gateway/redis/redis.hpp>

#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace chat_gateway::redis {
namespace {

result<std::optional<std::string>> record_of(result<reply> answer) {
    if (!answer) return answer.error();
    if (answer->type == reply::kind::nil) return std::optional<std::string>();
    // An error, or not a string: connect-redis would not have written that.
    if (answer->type != reply::kind::text) return make_error_code(errc::unavailable);
    return std::optional<std::string>(std::move(answer->text));
}

bool is_end(std::string_view event) {
    return event == "del" || event == "expired" || event == "evicted";
}

/// As a pattern that matches nothing but itself.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (std::string_view("*?[]\\^-").find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

/// connect-redis' sessions: key = prefix + id, value = JSON, expiry = the key's.
class session_store final : public chat::session_store {
public:
    session_store(std::shared_ptr<client> redis, std::string prefix, unsigned database)
        : commands_(std::move(redis)), prefix_(std::move(prefix)), database_(database) {}
    ~session_store() override {
        if (events_) events_->stop();
    }
    session_store(const session_store&) = delete;
    session_store& operator=(const session_store&) = delete;

    void load(std::string session_id, load_handler handler) override {
        const auto key = prefix_ + session_id;
        commands_->execute_at(key, {"GET", key},
                              [handler = std::move(handler)](result<reply> r) mutable {
                                  handler(record_of(std::move(r)));
                              });
    }

    /// Redis' keyspace notifications, where they are on: whether they are is not asked, since
    /// CONFIG is often forbidden. With `E` a channel for each kind of event, with `K` one for each
    /// key.
    void watch(watcher w) override {
        watcher_ = std::move(w);
        const std::string database = "@" + std::to_string(database_) + "__:";
        keyspace_ = "__keyspace" + database;
        keyevent_ = "__keyevent" + database;
        events_ = commands_->make_listener({.link = {.name = "session events"},
                                            .pattern = keyspace_ + escaped(prefix_) + "*",
                                            .every_master = true});
        events_->start([this](std::span<const published> all) { on_events(all); },
                       [this] { watcher_.missed(); });
        events_->subscribe({keyevent_ + "del", keyevent_ + "expired", keyevent_ + "evicted"},
                           [](const result<>&) {});
    }

    void ping(done_handler handler) override { redis::ping(*commands_, std::move(handler)); }

private:
    void on_events(std::span<const published> all) {
        for (const published& one : all) {
            std::string_view key;
            if (one.channel.starts_with(keyevent_)) {
                key = one.payload;
            } else if (one.channel.starts_with(keyspace_) && is_end(one.payload)) {
                key = one.channel.substr(keyspace_.size());
            }
            if (key.size() > prefix_.size() && key.starts_with(prefix_))
                watcher_.gone(std::string(key.substr(prefix_.size())));
        }
    }

    std::shared_ptr<client> commands_;
    std::string prefix_;
    unsigned database_;
    watcher watcher_;
    std::string keyspace_;  ///< how the channels of one key begin
    std::string keyevent_;  ///< and those of one event
    std::shared_ptr<channel_listener> events_;
};

}  // namespace

std::unique_ptr<chat::session_store> make_session_store(std::shared_ptr<client> redis,
                                                        std::string prefix, unsigned database) {
    return std::make_unique<session_store>(std::move(redis), std::move(prefix), database);
}

}  // namespace chat_gateway::redis
