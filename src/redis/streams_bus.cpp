#include "bus_parts.hpp"
#include "client.hpp"
#include "stream_tail.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/base/random.hpp>
#include <chat_gateway/redis/redis.hpp>
#include <chat_gateway/socketio/cluster/streams_codec.hpp>
#include <chat_gateway/socketio/stream_position.hpp>

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace chat_gateway::redis {
namespace {

namespace streams = socketio::cluster::streams;
using socketio::cluster::message;
using socketio::cluster::request;
using socketio::cluster::response;

constexpr std::string_view nsp = bus_namespace;
constexpr std::size_t uid_length = 16;

/// Speaks as @socket.io/redis-streams-adapter 0.3 does: what changes something is an entry of the
/// stream, which is read without gaps; questions and answers are published beside it. The tail and
/// the listener call into it until stopped.
class streams_bus final : public bus {
public:
    streams_bus(boost::asio::io_context& loop, std::shared_ptr<client> redis, streams_bus_options o)
        : prefix_(std::move(o.prefix)),
          max_length_(std::to_string(o.max_length)),
          uid_(random_token(uid_length)),
          general_(streams::general_channel(prefix_, nsp)),
          answers_(streams::node_channel(prefix_, nsp, uid_)),
          commands_(std::move(redis)),
          tail_(std::make_shared<stream_tail>(loop, *commands_, prefix_, stream_tail::options{})),
          listener_(commands_->make_listener({})) {}
    ~streams_bus() override {
        tail_->stop();
        listener_->stop();
    }
    streams_bus(const streams_bus&) = delete;
    streams_bus& operator=(const streams_bus&) = delete;

    void start(handlers told) override {
        told_ = std::move(told);
        tail_->start(
            {.entries = [this](std::vector<stream_entry> entries) { receive(std::move(entries)); },
             .gap = [this] { told_.gap(); },
             .located = [this](entry_id at) { reach(at); }});
        // Questions that are missed are asked again by whoever asks: no gap of messages.
        listener_->start([this](std::span<const published> batch) { receive(batch); },
                         [this] { probes_.fail_all(); });
        listener_->subscribe({general_, answers_}, [](result<>) {});
    }

    /// Everything is read, and handed on: a join that another node orders may come right ahead of
    /// the first message for its room.
    void subscribe(std::vector<std::string> /*rooms*/, done_handler done) override {
        // With this node's channels in force the others count it, too.
        listener_->subscribe({}, [tail = tail_, done = std::move(done)](result<> heard) mutable {
            if (!heard) return done(heard);
            tail->when_reading(std::move(done));
        });
    }
    void unsubscribe(const std::vector<std::string>& /*rooms*/) override {}

    void publish(std::vector<message> messages, done_handler done) override {
        std::vector<streams::entry> entries;
        entries.reserve(messages.size());
        for (const auto& m : messages) {
            auto entry = streams::encode_entry(uid_, m);
            if (!entry) return report(std::move(done), entry.error());
            entries.push_back(std::move(*entry));
        }
        append(entries, std::move(done));
    }

    void ask(request r, done_handler done) override {
        if (streams::is_stored(r)) {
            auto entry = streams::encode_entry(uid_, r);
            if (!entry) return report(std::move(done), entry.error());
            return append({std::move(*entry)}, std::move(done));
        }
        const auto bytes = streams::encode_published(uid_, r);
        if (!bytes) return report(std::move(done), bytes.error());
        commands_->execute({"PUBLISH", general_, *bytes},
                           [joint = joint_answer(1, std::move(done))](
                               const result<reply>& sent) mutable { joint.add(sent); });
    }
    /// Whoever asked notices an answer that is lost by its absence.
    void answer(const request& asked, response r) override {
        r.id = asked.id;
        const auto bytes = streams::encode_published(uid_, r);
        if (!bytes) {
            return log::warn("answer to another node cannot be written",
                             {{"kind", static_cast<int>(r.kind)}, {"to", asked.from}});
        }
        const auto channel = streams::node_channel(prefix_, nsp, asked.from);
        commands_->execute({"PUBLISH", channel, *bytes}, [](const result<reply>&) {});
    }
    void count_others(unique_function<void(result<std::size_t>)> handler) override {
        commands_->execute_on_masters(
            {"PUBSUB", "NUMSUB", general_},
            [handler = std::move(handler)](auto answers) mutable { handler(others_of(answers)); });
    }

    void pause(bool paused) override {
        paused_ = paused;
        tail_->pause(paused);
        listener_->pause(paused);
    }
    void read_mark(mark_handler handler) override {
        commands_->later([handler = std::move(handler)]() mutable {
            handler(make_error_code(errc::unavailable));
        });
    }
    /// Whether the stream is read, and what is published comes back: the channel is this bus's own.
    void ping(done_handler handler) override {
        if (!listener_->is_up() || !tail_->is_up())
            return report(std::move(handler), make_error_code(errc::unavailable));
        if (paused_) return redis::ping(*commands_, std::move(handler));  // it hears nothing now
        const std::string id = probes_.open(std::move(handler));
        const auto bytes = streams::encode_published(
            uid_, response{.kind = socketio::cluster::response_kind::client_count, .id = id});
        commands_->execute({"PUBLISH", answers_, *bytes}, [this, id](const result<reply>& r) {
            if (!r || r->is_error()) probes_.fail(id, make_error_code(errc::unavailable));
        });
    }
    [[nodiscard]] bus_counters counters() const override {
        return {messages_, malformed_.count(), tail_->reconnects()};
    }

private:
    void append(const std::vector<streams::entry>& entries, done_handler done) {
        if (entries.empty()) return report(std::move(done), {});
        const auto joint = std::make_shared<joint_answer>(entries.size(), std::move(done));
        for (const auto& entry : entries) {
            std::vector<std::string_view> words{"XADD", prefix_, "MAXLEN", "~", max_length_, "*"};
            words.insert(words.end(), entry.begin(), entry.end());
            commands_->execute_at(prefix_, words,
                                  [joint](const result<reply>& r) { joint->add(r); });
        }
    }

    void receive(std::vector<stream_entry> entries) {
        std::vector<message> messages;
        const auto flush = [&] {
            messages_ += messages.size();
            if (!messages.empty()) told_.messages(std::exchange(messages, {}));
        };
        for (const auto& e : entries) {
            if (is_loss_mark(e)) continue;
            const std::vector<std::string_view> fields(e.fields.begin(), e.fields.end());
            auto said = streams::decode_entry(fields);
            if (!said) {
                malformed_.note(prefix_, e.fields.size());
            } else if (auto* m = std::get_if<message>(&said->what)) {
                m->position = position_of(e.id);
                messages.push_back(std::move(*m));
            } else if (auto* r = std::get_if<request>(&said->what)) {
                flush();
                r->position = position_of(e.id);
                if (said->uid != uid_) told_.request(std::move(*r));
            }
        }
        flush();
        reach(entries.back().id);
    }
    void reach(entry_id at) {
        if (told_.reached) told_.reached(position_of(at));
    }
    /// 0 for ids that are no times, which somebody has given by hand: without recovery.
    static std::uint64_t position_of(entry_id id) {
        return socketio::stream_position(id.ms, id.sequence).value_or(0);
    }
    void receive(std::span<const published> batch) {
        for (const auto& p : batch) {
            auto said = streams::decode_published(p.payload);
            if (!said) {
                malformed_.note(p.channel, p.payload.size());
            } else if (auto* r = std::get_if<request>(&said->what)) {
                if (said->uid != uid_) told_.request(std::move(*r));
            } else if (auto* a = std::get_if<response>(&said->what)) {
                if (!probes_.take(a->id)) told_.response(std::move(*a));
            }
        }
    }
    void report(done_handler done, result<> outcome) {
        commands_->later([done = std::move(done), outcome]() mutable { done(outcome); });
    }

    std::string prefix_;
    std::string max_length_;
    std::string uid_;
    std::string general_;
    std::string answers_;
    std::shared_ptr<client> commands_;
    std::shared_ptr<stream_tail> tail_;
    std::shared_ptr<channel_listener> listener_;
    handlers told_;
    std::uint64_t messages_ = 0;
    malformed_messages malformed_;
    bus_probes probes_;
    bool paused_ = false;
};

}  // namespace

std::unique_ptr<bus> make_streams_bus(boost::asio::io_context& loop, std::shared_ptr<client> redis,
                                      streams_bus_options o) {
    return std::make_unique<streams_bus>(loop, std::move(redis), std::move(o));
}

}  // namespace chat_gateway::redis
