#include "bus_parts.hpp"
#include "client.hpp"
#include "mark_probes.hpp"
#include "scripted_sink.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/base/random.hpp>
#include <chat_gateway/redis/redis.hpp>
#include <chat_gateway/socketio/cluster/sharded_codec.hpp>

#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace chat_gateway::redis {
namespace {

namespace sharded = socketio::cluster::sharded;
using socketio::cluster::message;
using socketio::cluster::request;
using socketio::cluster::response;

constexpr std::string_view nsp = bus_namespace;
constexpr std::size_t uid_length = 16;

/// Speaks as @socket.io/redis-adapter 8's sharded adapter does in its default mode, `dynamic`. The
/// subscriber calls into it until stopped.
class sharded_bus final : public bus {
public:
    sharded_bus(std::shared_ptr<client> redis, std::string prefix)
        : prefix_(std::move(prefix)),
          uid_(random_token(uid_length)),
          general_(sharded::general_channel(prefix_, nsp)),
          answers_(sharded::node_channel(prefix_, nsp, uid_)),
          commands_(std::move(redis)),
          listener_(commands_->make_listener({.sharded = true})),
          marks_(*commands_, mark_key(prefix_), answers_, "SPUBLISH") {}
    ~sharded_bus() override { listener_->stop(); }
    sharded_bus(const sharded_bus&) = delete;
    sharded_bus& operator=(const sharded_bus&) = delete;

    void start(handlers told) override {
        told_ = std::move(told);
        listener_->start([this](std::span<const published> batch) { receive(batch); },
                         [this] {
                             probes_.fail_all();
                             marks_.fail_all();
                             told_.gap();
                         });
        listener_->subscribe({general_, answers_}, [](result<>) {});
    }

    void subscribe(std::vector<std::string> rooms, done_handler done) override {
        listener_->subscribe(channels(rooms), std::move(done));
    }
    void unsubscribe(const std::vector<std::string>& rooms) override {
        listener_->unsubscribe(channels(rooms));
    }

    void publish(std::vector<message> messages, done_handler done) override {
        std::vector<std::string> payloads;
        payloads.reserve(messages.size());
        for (const auto& m : messages) {
            auto payload = sharded::encode(uid_, m);
            if (!payload) return report(std::move(done), payload.error());
            payloads.push_back(std::move(*payload));
        }
        if (messages.empty()) return report(std::move(done), {});
        const auto joint = std::make_shared<joint_answer>(messages.size(), std::move(done));
        for (std::size_t i = 0; i < messages.size(); ++i) {
            const auto channel = sharded::channel_of(prefix_, messages[i]);
            commands_->execute_at(channel, {"SPUBLISH", channel, payloads[i]},
                                  [joint](const result<reply>& r) { joint->add(r); });
        }
    }

    void ask(request r, done_handler done) override {
        const auto bytes = sharded::encode(uid_, r);
        if (!bytes) return report(std::move(done), bytes.error());
        commands_->execute_at(general_, {"SPUBLISH", general_, *bytes},
                              [joint = joint_answer(1, std::move(done))](
                                  const result<reply>& sent) mutable { joint.add(sent); });
    }
    /// Whoever asked notices an answer that is lost by its absence.
    void answer(const request& asked, response r) override {
        r.id = asked.id;
        const auto bytes = sharded::encode(uid_, r);
        if (!bytes) {
            return log::warn("answer to another node cannot be written",
                             {{"kind", static_cast<int>(r.kind)}, {"to", asked.from}});
        }
        const auto channel = sharded::node_channel(prefix_, nsp, asked.from);
        commands_->execute_at(channel, {"SPUBLISH", channel, *bytes}, [](const result<reply>&) {});
    }
    void count_others(unique_function<void(result<std::size_t>)> handler) override {
        commands_->execute_on_masters(
            {"PUBSUB", "SHARDNUMSUB", general_},
            [handler = std::move(handler)](auto answers) mutable { handler(others_of(answers)); });
    }

    void pause(bool paused) override {
        paused_ = paused;
        listener_->pause(paused);
    }
    /// Through Redis and back: the channel is this bus's own.
    void ping(done_handler handler) override {
        if (!listener_->is_up())
            return report(std::move(handler), make_error_code(errc::unavailable));
        // It hears nothing now.
        if (paused_) return redis::ping(*commands_, std::move(handler));
        const std::string id = probes_.open(std::move(handler));
        const auto bytes = sharded::encode(
            uid_, response{.kind = socketio::cluster::response_kind::client_count, .id = id});
        commands_->execute_at(answers_, {"SPUBLISH", answers_, *bytes},
                              [this, id](const result<reply>& r) {
                                  if (!r || r->is_error())
                                      probes_.fail(id, make_error_code(errc::unavailable));
                              });
    }
    void read_mark(mark_handler handler) override {
        if (listener_->is_up() && !paused_) return marks_.open(std::move(handler));
        commands_->later([handler = std::move(handler)]() mutable {
            handler(make_error_code(errc::unavailable));
        });
    }
    [[nodiscard]] bus_counters counters() const override {
        return {messages_, malformed_.count(), listener_->reconnects()};
    }

private:
    /// Sockets' own rooms have none: what is for one socket goes to all nodes.
    [[nodiscard]] std::vector<std::string> channels(const std::vector<std::string>& rooms) const {
        std::vector<std::string> names;
        names.reserve(rooms.size());
        for (const auto& room : rooms) {
            if (sharded::has_channel(room))
                names.push_back(sharded::room_channel(prefix_, nsp, room));
        }
        return names;
    }

    void receive(std::span<const published> batch) {
        std::vector<message> messages;
        messages.reserve(batch.size());
        const auto flush = [&] {
            messages_ += messages.size();
            if (!messages.empty()) told_.messages(std::exchange(messages, {}));
        };
        for (const auto& p : batch) {
            if (p.channel == answers_) flush();  // a mark has its place behind them
            if (marks_.take(p.channel, p.payload)) continue;
            auto said = sharded::decode(p.payload);
            if (!said) {
                malformed_.note(p.channel, p.payload.size());
            } else if (auto* m = std::get_if<message>(&said->what)) {
                messages.push_back(std::move(*m));
            } else if (auto* r = std::get_if<request>(&said->what)) {
                flush();
                if (said->uid != uid_) told_.request(std::move(*r));
            } else if (auto* a = std::get_if<response>(&said->what)) {
                if (!probes_.take(a->id)) told_.response(std::move(*a));
            }
        }
        flush();
    }
    void report(done_handler done, result<> outcome) {
        commands_->later([done = std::move(done), outcome]() mutable { done(outcome); });
    }

    std::string prefix_;
    std::string uid_;
    std::string general_;
    std::string answers_;
    std::shared_ptr<client> commands_;
    std::shared_ptr<channel_listener> listener_;
    handlers told_;
    std::uint64_t messages_ = 0;
    malformed_messages malformed_;
    bus_probes probes_;
    mark_probes marks_;
    bool paused_ = false;
};

}  // namespace

std::unique_ptr<bus> make_sharded_bus(std::shared_ptr<client> redis, std::string prefix) {
    return std::make_unique<sharded_bus>(std::move(redis), std::move(prefix));
}

}  // namespace chat_gateway::redis
