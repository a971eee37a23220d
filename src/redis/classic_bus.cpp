#include "bus_parts.hpp"
#include "client.hpp"
#include "mark_probes.hpp"
#include "scripted_sink.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/base/random.hpp>
#include <chat_gateway/base/text_map.hpp>
#include <chat_gateway/redis/redis.hpp>
#include <chat_gateway/socketio/cluster/classic_codec.hpp>
#include <chat_gateway/socketio/cluster/classic_requests.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace chat_gateway::redis {
namespace {

namespace classic = socketio::cluster::classic;
using socketio::cluster::message;
using socketio::cluster::request;
using socketio::cluster::response;

constexpr std::string_view nsp = bus_namespace;
constexpr std::size_t uid_length = 6;

/// The pattern that matches every channel beginning with `text`, whatever characters it has.
std::string pattern_of(std::string_view text) {
    std::string pattern;
    for (const char c : text) {
        if (std::string_view("*?[]^-\\").find(c) != std::string_view::npos) pattern += '\\';
        pattern += c;
    }
    return pattern + '*';
}

listener_options listening(const classic_bus_options& o) {
    listener_options options;
    if (!o.room_channels) options.pattern = pattern_of(classic::general_channel(o.prefix, nsp));
    return options;
}

/// Speaks as @socket.io/redis-adapter 8 (classic) does. The listener calls into it until stopped.
class classic_bus final : public bus {
public:
    classic_bus(std::shared_ptr<client> redis, classic_bus_options o)
        : prefix_(std::move(o.prefix)),
          room_channels_(o.room_channels),
          general_(classic::general_channel(prefix_, nsp)),
          uid_(random_token(uid_length)),
          requests_(classic::request_channel(prefix_, nsp)),
          responses_(classic::response_channel(prefix_, nsp)),
          own_responses_(classic::response_channel(prefix_, nsp, uid_)),
          commands_(std::move(redis)),
          listener_(commands_->make_listener(listening({prefix_, room_channels_}))),
          marks_(*commands_, mark_key(prefix_), own_responses_, "PUBLISH") {}
    ~classic_bus() override { listener_->stop(); }
    classic_bus(const classic_bus&) = delete;
    classic_bus& operator=(const classic_bus&) = delete;

    void start(handlers told) override {
        told_ = std::move(told);
        listener_->start([this](std::span<const published> batch) { receive(batch); },
                         [this] {
                             probes_.fail_all();
                             marks_.fail_all();
                             told_.gap();
                         });
        std::vector<std::string> own{requests_, responses_, own_responses_};
        if (room_channels_) own.push_back(general_);
        listener_->subscribe(std::move(own), [](result<>) {});
    }

    void subscribe(std::vector<std::string> rooms, done_handler done) override {
        auto wanted = channels(rooms);
        if (room_channels_) return listener_->subscribe(std::move(wanted), std::move(done));
        for (const auto& channel : wanted)
            wanted_.try_emplace(channel);
        listener_->subscribe({}, std::move(done));
    }
    void unsubscribe(const std::vector<std::string>& rooms) override {
        if (room_channels_) return listener_->unsubscribe(channels(rooms));
        for (const auto& channel : channels(rooms))
            wanted_.erase(channel);
    }

    void publish(std::vector<message> messages, done_handler done) override;
    void ask(request r, done_handler done) override;
    void answer(const request& asked, response r) override;
    void count_others(unique_function<void(result<std::size_t>)> handler) override;
    void pause(bool paused) override {
        paused_ = paused;
        listener_->pause(paused);
    }
    void ping(done_handler handler) override;
    void read_mark(mark_handler handler) override;

    [[nodiscard]] bus_counters counters() const override {
        return {messages_, malformed_.count(), listener_->reconnects()};
    }

private:
    [[nodiscard]] std::vector<std::string> channels(const std::vector<std::string>& rooms) const {
        std::vector<std::string> names;
        names.reserve(rooms.size());
        for (const auto& room : rooms)
            names.push_back(classic::room_channel(prefix_, nsp, room));
        return names;
    }
    void receive(std::span<const published> batch);
    /// With one pattern for all rooms most messages may be for rooms that nobody here is in: their
    /// channel says so, as it does to a Node server's adapter.
    [[nodiscard]] bool is_for_us(std::string_view channel) const {
        return room_channels_ || channel == general_ || wanted_.contains(channel);
    }
    void take_request(const published& p);
    void take_response(const published& p);
    void report(done_handler done, result<> outcome) {
        commands_->later([done = std::move(done), outcome]() mutable { done(outcome); });
    }

    std::string prefix_;
    bool room_channels_;
    std::string general_;
    std::string uid_;
    std::string requests_;  ///< the channels of requests and their answers
    std::string responses_;
    std::string own_responses_;
    std::shared_ptr<client> commands_;
    std::shared_ptr<channel_listener> listener_;
    handlers told_;
    /// Channels of the rooms asked for; kept only when one pattern brings all of them.
    text_set wanted_;
    std::uint64_t messages_ = 0;
    malformed_messages malformed_;
    bus_probes probes_;
    mark_probes marks_;
    bool paused_ = false;
};

void classic_bus::publish(std::vector<message> messages, done_handler done) {
    std::vector<std::string> payloads;
    payloads.reserve(messages.size());
    for (const auto& m : messages) {
        auto payload = classic::encode_broadcast(uid_, m);
        if (!payload) return report(std::move(done), payload.error());
        payloads.push_back(std::move(*payload));
    }
    if (messages.empty()) return report(std::move(done), {});
    const auto joint = std::make_shared<joint_answer>(messages.size(), std::move(done));
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const auto channel = classic::channel_of(prefix_, messages[i]);
        commands_->execute({"PUBLISH", channel, payloads[i]},
                           [joint](const result<reply>& r) { joint->add(r); });
    }
}

/// Through Redis and back: the channel is this bus's own.
void classic_bus::ping(done_handler handler) {
    if (!listener_->is_up()) return report(std::move(handler), make_error_code(errc::unavailable));
    if (paused_) return redis::ping(*commands_, std::move(handler));  // it hears nothing now
    const std::string id = probes_.open(std::move(handler));
    const auto bytes = classic::encode_response({.id = id});
    commands_->execute({"PUBLISH", own_responses_, *bytes}, [this, id](const result<reply>& r) {
        if (!r || r->is_error()) probes_.fail(id, make_error_code(errc::unavailable));
    });
}

void classic_bus::read_mark(mark_handler handler) {
    if (listener_->is_up() && !paused_) return marks_.open(std::move(handler));
    commands_->later(
        [handler = std::move(handler)]() mutable { handler(make_error_code(errc::unavailable)); });
}

void classic_bus::ask(request r, done_handler done) {
    r.from = uid_;
    const auto bytes = classic::encode_request(r);
    if (!bytes) return report(std::move(done), bytes.error());
    commands_->execute({"PUBLISH", requests_, *bytes},
                       [joint = joint_answer(1, std::move(done))](
                           const result<reply>& published) mutable { joint.add(published); });
}

/// On the channel where every version of the adapter listens. Whoever asked notices an answer that
/// is lost by its absence.
void classic_bus::answer(const request& asked, response r) {
    r.id = asked.id;
    const auto bytes = classic::encode_response(r);
    if (!bytes) {
        return log::warn("answer to another node cannot be written",
                         {{"kind", static_cast<int>(r.kind)}, {"error", bytes.error().message()}});
    }
    commands_->execute({"PUBLISH", responses_, *bytes}, [](const result<reply>&) {});
}

/// Every node listens once to the channel of requests: that is how the adapter counts them.
void classic_bus::count_others(unique_function<void(result<std::size_t>)> handler) {
    commands_->execute_on_masters(
        {"PUBSUB", "NUMSUB", requests_},
        [handler = std::move(handler)](auto answers) mutable { handler(others_of(answers)); });
}

void classic_bus::receive(std::span<const published> batch) {
    std::vector<message> messages;
    messages.reserve(batch.size());
    const auto flush = [&] {
        messages_ += messages.size();
        if (!messages.empty()) told_.messages(std::exchange(messages, {}));
    };
    for (const auto& p : batch) {
        if (p.channel == requests_) {
            flush();
            take_request(p);
        } else if (p.channel == responses_ || p.channel == own_responses_) {
            flush();  // a mark has its place behind them
            take_response(p);
        } else if (is_for_us(p.channel)) {
            auto m = classic::decode_broadcast(p.payload);
            if (m)
                messages.push_back(std::move(*m));
            else
                malformed_.note(p.channel, p.payload.size());
        }
    }
    flush();
}

void classic_bus::take_request(const published& p) {
    auto r = classic::decode_request(p.payload);
    if (!r) return malformed_.note(p.channel, p.payload.size());
    if (r->from != uid_) told_.request(std::move(*r));
}

void classic_bus::take_response(const published& p) {
    if (marks_.take(p.channel, p.payload)) return;
    auto r = classic::decode_response(p.payload);
    if (!r) return malformed_.note(p.channel, p.payload.size());
    if (!probes_.take(r->id)) told_.response(std::move(*r));
}

}  // namespace

std::unique_ptr<bus> make_classic_bus(std::shared_ptr<client> redis, classic_bus_options o) {
    return std::make_unique<classic_bus>(std::move(redis), std::move(o));
}

}  // namespace chat_gateway::redis
