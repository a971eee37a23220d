#pragma once

#include "support/engine_clients.hpp"
#include "support/fake_bus.hpp"
#include "support/fake_recovery_store.hpp"
#include "support/journal.hpp"

#include <chat_gateway/chat/session_cookie.hpp>
#include <chat_gateway/gateway/public_routes.hpp>
#include <chat_gateway/gateway/shard.hpp>
#include <chat_gateway/memory/memory.hpp>
#include <chat_gateway/net/listener.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace chat_gateway::tests {

/// The directory in memory, whose answers to can_view_chat wait, when told, for the test's own.
class patient_directory final : public chat::chat_directory {
public:
    explicit patient_directory(memory::chat_directory& inner) : inner_(inner) {}

    bool holds_questions = false;
    bool holds_lists = false;
    std::vector<unique_function<void(result<bool>)>> questions;
    std::vector<unique_function<void()>> lists;

    void chats_of_users(
        std::vector<std::string> users,
        unique_function<void(result<std::vector<chat::user_chat>>)> handler) override {
        if (!holds_lists) return inner_.chats_of_users(std::move(users), std::move(handler));
        lists.emplace_back(
            [this, users = std::move(users), handler = std::move(handler)]() mutable {
                inner_.chats_of_users(std::move(users), std::move(handler));
            });
    }
    void can_view_chat(std::string user, std::string chat,
                       unique_function<void(result<bool>)> handler) override {
        if (!holds_questions) {
            return inner_.can_view_chat(std::move(user), std::move(chat), std::move(handler));
        }
        questions.push_back(std::move(handler));
    }
    void is_no_chat(std::string name, unique_function<void(result<bool>)> handler) override {
        inner_.is_no_chat(std::move(name), std::move(handler));
    }
    void active_users(std::vector<std::string> users,
                      unique_function<void(result<std::vector<std::string>>)> handler) override {
        inner_.active_users(std::move(users), std::move(handler));
    }
    bool restricts_users() const override { return inner_.restricts_users(); }
    void ping(unique_function<void(result<>)> handler) override { inner_.ping(std::move(handler)); }

private:
    memory::chat_directory& inner_;
};

struct gateway_options {
    std::size_t rooms_per_socket = 10000;
    std::chrono::milliseconds subscribe_deadline{20000};
    gateway::recovery_options recovery{.window = std::chrono::milliseconds(0)};
    gateway::handshake_bounds handshakes{};
    unsigned shards = 2;
    std::chrono::milliseconds recheck{0};
    gateway::limit_options limits{};
    std::uint32_t events_per_socket_per_s = 0;
    bool refuse_at_connect = false;
    std::chrono::milliseconds connect_timeout{45000};
    bool keeps_sessions = false;  ///< in a recovery store
    /// Instead of the fake bus.
    std::function<std::unique_ptr<chat::message_bus>(net::event_loop&)> make_bus{};
};

/// A services loop and shards behind one port, on stores in memory and a fake bus.
class gateway_world {
public:
    /// The stores; used on the services loop, see with_stores().
    struct stores {
        explicit stores(scheduler& timers)
            : sessions(timers), chats(timers), directory(chats), bus(timers), recovery(timers) {}
        memory::session_store sessions;
        memory::chat_directory chats;
        patient_directory directory;
        fake_bus bus;
        fake_recovery_store recovery;
    };

    explicit gateway_world(const gateway_options& o = {})
        : stores_(loop_),
          other_bus_(o.make_bus ? o.make_bus(loop_) : nullptr),
          services_(loop_, stores_.sessions, stores_.directory,
                    other_bus_ ? *other_bus_ : static_cast<chat::message_bus&>(stores_.bus),
                    {"sessions", "directory", "bus"},
                    {.secrets = {"secret"}, .user_pointer = "/passport/user"}, o.recovery,
                    metrics_) {
        limits_of_all_ = std::make_shared<gateway::connection_limits>(o.limits);
        const auto where = net::listen_address::reserve("127.0.0.1", 0).value();
        port_ = where.port();
        std::vector<server::engine*> engines;
        for (std::uint8_t n = 0; n < o.shards; ++n)
            engines.push_back(&add_node(o, n).shard->engine());
        services_.set_recheck(o.recheck);
        if (o.keeps_sessions) services_.set_recovery_store(stores_.recovery);
        services_.start();
        for (auto& n : nodes_) {
            n.shard->engine().set_peers(engines);
            n.door =
                std::make_unique<net::listener>(n.loop, where, [this, &n](net::stream_socket peer) {
                    net::serve_http(n.loop, std::move(peer), *n.routes, limits_);
                });
            n.thread = std::thread([&n] { n.loop.run(); });
        }
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~gateway_world() {
        loop_.stop();
        for (auto& n : nodes_)
            n.loop.stop();
        thread_.join();
        for (auto& n : nodes_)
            n.thread.join();
        // A session may hold a request of another loop: all shards go before any loop does.
        for (auto& n : nodes_)
            n.shard.reset();
        // So may what was posted and did not run; letting go of it may post once more.
        for (int pass = 0; pass < 2; ++pass) {
            for (auto& n : nodes_)
                n.loop.discard();
            loop_.discard();
        }
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::uint64_t count(gateway::metric m) const { return metrics_.sum(m); }
    bool reaches(gateway::metric m, std::uint64_t value) {
        return eventually([&] { return count(m) == value; });
    }

    /// Calls `task(stores)` on the services loop.
    template <class Task>
    auto with_stores(Task task) {
        return run_on(loop_, [&] { return task(stores_); });
    }
    std::size_t rooms_of_hub() {
        return run_on(loop_, [&] { return services_.hub().room_count(); });
    }
    std::vector<gateway::user_socket> sockets_of(const std::string& user) {
        std::promise<std::vector<gateway::user_socket>> answer;
        run_on(loop_, [&] {
            services_.sockets_of_user(user, [&](auto all) { answer.set_value(std::move(all)); });
        });
        return answer.get_future().get();
    }
    gateway::gateway_stats stats(std::size_t most_users) {
        std::promise<gateway::gateway_stats> answer;
        run_on(loop_, [&] {
            services_.stats(most_users, [&](auto all) { answer.set_value(std::move(all)); });
        });
        return answer.get_future().get();
    }
    /// What a walk over the sockets of a shard says that looks at so many at a time.
    std::vector<gateway::connection_stats> walk(std::size_t shard, std::size_t step) {
        auto& n = nodes_[shard];
        return run_on(n.loop, [&] {
            auto calls = n.shard->calls();
            std::vector<gateway::connection_stats> parts;
            std::optional<std::size_t> from = 0;
            while (from) {
                gateway::connection_stats part;
                from = calls.add_stats(*from, step, part);
                parts.push_back(part);
            }
            return parts;
        });
    }
    std::vector<gateway::named_room> busiest_rooms(std::size_t most) {
        std::promise<std::vector<gateway::named_room>> answer;
        run_on(loop_, [&] {
            services_.busiest_rooms(most, [&](auto all) { answer.set_value(std::move(all)); });
        });
        return answer.get_future().get();
    }
    std::size_t disconnect(const std::string& user) {
        std::promise<std::size_t> answer;
        run_on(loop_, [&] {
            services_.disconnect_user(user, [&](std::size_t n) { answer.set_value(n); });
        });
        return answer.get_future().get();
    }
    /// The shard's loop does nothing until the future is there.
    void hang(std::size_t shard, std::shared_future<void> until) {
        nodes_[shard].loop.post([until = std::move(until)] { until.wait(); });
    }
    /// Calls `task(shard)` on the loop of each.
    template <class Task>
    void on_each(Task task) {
        for (auto& n : nodes_)
            run_on(n.loop, [&] { task(*n.shard); });
    }

    /// Makes the user a participant of the chats and returns the headers of a session of theirs.
    header_list log_in(const std::string& user, const std::vector<std::string>& chats = {}) {
        const std::string session = "session-of-" + user;
        with_stores([&](stores& s) {
            s.sessions.put(session, R"({"cookie":{},"passport":{"user":")" + user + "\"}}");
            for (const auto& chat : chats)
                s.chats.add_participant(user, chat);
        });
        return cookie(chat::sign_session_cookie(session, "secret"));
    }
    static header_list cookie(const std::string& value) {
        return {{"Cookie", "theme=dark; connect.sid=" + value}};
    }

    /// The bus brings an event.
    void publish(const std::string& name, std::vector<std::string> rooms,
                 std::vector<std::string> except = {}) {
        inject({.packet = event(name), .rooms = std::move(rooms), .except = std::move(except)});
    }
    void inject(const socketio::cluster::message& m) {
        with_stores([&](stores& s) { s.bus.inject({m}); });
    }
    /// Puts them on the bus.
    void publish_on_bus(const std::vector<socketio::cluster::message>& messages) {
        run_on(loop_, [&] { services_.hub().publish(messages, [](result<>) {}); });
    }
    socketio::cluster::answers ask_cluster(const socketio::cluster::request& r) {
        std::promise<socketio::cluster::answers> answer;
        run_on(loop_, [&] {
            services_.cluster().ask(r, [&](auto got) { answer.set_value(std::move(got.value())); });
        });
        return answer.get_future().get();
    }
    void tell_cluster(const socketio::cluster::request& r) {
        run_on(loop_, [&] { services_.cluster().tell(r, [](result<>) {}); });
    }
    static std::string event(const std::string& name) { return "2[\"" + name + "\"]"; }

private:
    struct node {
        net::event_loop loop;
        std::unique_ptr<gateway::shard> shard;
        std::unique_ptr<gateway::public_routes> routes;
        std::unique_ptr<net::listener> door;
        std::thread thread;
    };

    node& add_node(const gateway_options& o, std::uint8_t number) {
        node& n = nodes_.emplace_back();
        gateway::shard_options s;
        s.engine.shard = number;
        s.rooms_per_socket = o.rooms_per_socket;
        s.subscribe_deadline = o.subscribe_deadline;
        s.handshakes = o.handshakes;
        s.limits = limits_of_all_;
        s.events_per_socket_per_s = o.events_per_socket_per_s;
        s.refuse_at_connect = o.refuse_at_connect;
        s.engine.session.connect_timeout = o.connect_timeout;
        s.trusted_proxies = {http::cidr::parse("127.0.0.1").value()};
        n.shard = std::make_unique<gateway::shard>(n.loop, s, services_, metrics_);
        n.routes = std::make_unique<gateway::public_routes>(n.shard->engine(), "/ws/", nullptr);
        services_.add_shard(n.loop, n.shard->calls());
        return n;
    }

    gateway::metrics metrics_;
    net::http_limits limits_;
    std::shared_ptr<gateway::connection_limits> limits_of_all_;
    std::uint16_t port_ = 0;
    net::event_loop loop_;
    std::deque<node> nodes_;
    stores stores_;
    std::unique_ptr<chat::message_bus> other_bus_;
    gateway::services services_;
    std::thread thread_;
};

/// A chat page: a WebSocket that has sent CONNECT.
class page : public websocket_client {
public:
    page(gateway_world& world, const header_list& session)
        : websocket_client(world.port(), 0, session) {
        wire.text("40");
    }
    /// Reads the answer to CONNECT.
    page& connected() {
        const std::string reply = wire.frame().payload;
        constexpr std::string_view start = R"(40{"sid":")";
        if (!reply.starts_with(start) || reply.size() != start.size() + 22) {
            throw std::runtime_error("not connected: " + reply);
        }
        socket_id = reply.substr(start.size(), 20);
        return *this;
    }
    /// What was sent is answered and nothing of it is a message: two round trips, the second of
    /// which is behind whatever the first one's tick had to send.
    bool hears_nothing() {
        for (int n = 0; n < 2; ++n) {
            wire.send(control_frame(9, "anything?"));
            if (wire.frame() != server_frame{10, "anything?"}) return false;
        }
        return true;
    }
    void ask(const std::string& event, const std::string& chat, const std::string& ack = {}) {
        wire.text("42" + ack + "[\"" + event + R"(",{"chat_id":")" + chat + "\"}]");
    }

    std::string socket_id;
};

}  // namespace chat_gateway::tests
