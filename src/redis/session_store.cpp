#include "client.hpp"

#include <chat_gateway/redis/redis.hpp>

#include <optional>
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

/// connect-redis' sessions: key = prefix + id, value = JSON, expiry = the key's.
class session_store final : public chat::session_store {
public:
    session_store(std::shared_ptr<client> commands, std::string prefix)
        : commands_(std::move(commands)), prefix_(std::move(prefix)) {}

    void load(std::string session_id, load_handler handler) override {
        const auto key = prefix_ + session_id;
        commands_->execute_at(key, {"GET", key},
                              [handler = std::move(handler)](result<reply> r) mutable {
                                  handler(record_of(std::move(r)));
                              });
    }

    void ping(done_handler handler) override { redis::ping(*commands_, std::move(handler)); }

private:
    std::shared_ptr<client> commands_;
    std::string prefix_;
};

}  // namespace

std::unique_ptr<chat::session_store> make_session_store(std::shared_ptr<client> commands,
                                                        std::string prefix) {
    return std::make_unique<session_store>(std::move(commands), std::move(prefix));
}

}  // namespace chat_gateway::redis
