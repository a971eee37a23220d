#pragma once

#include "support/engine_clients.hpp"
#include "support/journal.hpp"
#include "support/temporary_directory.hpp"

#include <chat_gateway/net/http_server.hpp>
#include <chat_gateway/net/listener.hpp>
#include <chat_gateway/net/unix_listener.hpp>
#include <chat_gateway/server/engine.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace chat_gateway::tests {

/// The application above an engine: admits whom it is told to, notes what comes, echoes messages.
class echo_application final : public server::engine_events {
public:
    explicit echo_application(journal& j) : journal_(j) {}

    server::engine* engine = nullptr;
    bool refuses = false;
    bool connects = false;  ///< as if a namespace was joined at once
    std::map<std::string, slot_handle> by_sid;

    void admit(const http::request&, unique_function<void(server::admission)> decide) override {
        if (refuses) return decide(server::json_refusal(401, 4, "Unauthorized"));
        decide(std::make_unique<server::admission_ticket>());
    }
    void on_open(slot_handle session, const public_id& sid,
                 std::unique_ptr<server::admission_ticket>, engineio::transport via) override {
        by_sid[sid.text()] = session;
        names_[session] = sid.text();
        note(session, via == engineio::transport::polling ? "open polling" : "open websocket");
        if (connects) engine->connected(session);
    }
    void on_message(slot_handle session, std::string_view data, bool binary) override {
        note(session, (binary ? "binary " : "message ") + std::string(data.substr(0, 64)));
        auto echo = binary ? server::wire_bytes::binary(data) : server::wire_bytes::message(data);
        echo.compress();
        engine->send(session, server::wire_ref(std::move(echo)));
    }
    void on_upgrade(slot_handle session) override { note(session, "upgrade"); }
    void on_close(slot_handle session, engineio::close_reason reason) override {
        note(session, "close " + std::string(engineio::to_string(reason)));
    }

private:
    void note(slot_handle session, const std::string& what) {
        journal_.write(names_[session] + ' ' + what);
    }

    journal& journal_;
    std::map<slot_handle, std::string> names_;
};

struct world_options {
    unsigned loops = 1;
    bool unix_domain = false;  ///< listen on an AF_UNIX path instead of a port
    engineio::session_options session{};
    std::uint32_t max_payload = 1000000;
    bool allow_polling = true;
    bool allow_websocket = true;
    bool compression = false;
    std::size_t send_queue_bytes = 1048576;
    const http::cors_policy* cors = nullptr;
    net::http_limits http{};
};

/// Engines on loops of their own behind one address.
class engine_world {
public:
    explicit engine_world(const world_options& o = {}) : limits_(o.http) {
        limits_.body_bytes = o.max_payload;
        std::vector<server::engine*> engines;
        for (unsigned n = 0; n < o.loops; ++n) {
            const server::engine_options engine{.session = o.session,
                                                .max_payload = o.max_payload,
                                                .allow_polling = o.allow_polling,
                                                .allow_websocket = o.allow_websocket,
                                                .compression = o.compression,
                                                .send_queue_bytes = o.send_queue_bytes,
                                                .cors = o.cors,
                                                .shard = static_cast<std::uint8_t>(n),
                                                .counts = &counts_.emplace_back()};
            engines.push_back(nodes_.emplace_back(engine, journal_).engine.get());
        }
        for (auto& n : nodes_)
            n.engine->set_peers(engines);
        o.unix_domain ? listen_on_path() : listen_on_port();
        for (auto& n : nodes_)
            n.thread = std::thread([&n] { n.loop.run(); });
    }
    ~engine_world() {
        for (auto& n : nodes_)
            n.loop.stop();
        for (auto& n : nodes_)
            n.thread.join();
        // A session may hold a request of another loop: all engines go before any loop does.
        for (auto& n : nodes_)
            n.engine.reset();
        // So may what was posted and did not run; letting go of it may post once more.
        for (int pass = 0; pass < 2; ++pass) {
            for (auto& n : nodes_)
                n.loop.discard();
        }
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] server_address address() const {
        return unix_door_ ? server_address(directory_.file("s")) : server_address(port_);
    }
    journal& seen() { return journal_; }
    [[nodiscard]] const server::engine_counts& counts(unsigned loop = 0) const {
        return counts_.at(loop);
    }

    /// Calls `task(engine, session)` on the loop that owns the session.
    template <class Task>
    void with_session(const std::string& sid, Task task) {
        auto& n = nodes_.at(public_id::parse(sid).value().shard());
        run_on(n.loop, [&] { task(*n.engine, n.application.by_sid.at(sid)); });
    }
    /// Calls `task(engine, application)` on each loop in turn.
    template <class Task>
    void on_each(Task task) {
        for (auto& n : nodes_)
            run_on(n.loop, [&] { task(*n.engine, n.application); });
    }
    void wind_down() {
        for (auto& n : nodes_)
            run_on(n.loop, [&n] { n.connections.wind_down(); });
    }
    void tell(const std::string& sid, const std::string& text) {
        with_session(sid, [&](server::engine& e, slot_handle h) {
            auto message = server::wire_bytes::message(text);
            message.compress();
            e.send(h, server::wire_ref(std::move(message)));
        });
    }
    void close(const std::string& sid, engineio::close_reason reason) {
        with_session(sid, [&](server::engine& e, slot_handle h) { e.close(h, reason); });
    }
    std::size_t session_count() {
        std::size_t count = 0;
        on_each([&](server::engine& e, echo_application&) { count += e.session_count(); });
        return count;
    }

private:
    struct node final : net::http_handler {
        node(const server::engine_options& o, journal& j) : application(j) {
            engine = std::make_unique<server::engine>(loop, o, application);
            application.engine = engine.get();
        }
        void on_request(http::request r, std::shared_ptr<net::local_exchange> e) override {
            engine->handle(std::move(r), std::move(e));
        }
        std::unique_ptr<net::body_watch> on_body_begins(
            const http::request& r, std::shared_ptr<net::unfinished_request> u) override {
            return engine->body_begins(r, std::move(u));
        }
        http::response on_unusable_body(const http::request& r, unsigned status) override {
            return engine->unusable_body(r, status);
        }

        net::http_connections connections;
        net::event_loop loop;
        echo_application application;
        std::unique_ptr<server::engine> engine;
        std::unique_ptr<net::listener> door;
        std::thread thread;
    };

    [[nodiscard]] std::function<void(net::stream_socket)> service_of(node& n) {
        return [this, &n](net::stream_socket peer) {
            net::serve_http(n.loop, std::move(peer), n, limits_, &n.connections);
        };
    }
    void listen_on_port() {
        const auto where = net::listen_address::reserve("127.0.0.1", 0).value();
        port_ = where.port();
        for (auto& n : nodes_)
            n.door = std::make_unique<net::listener>(n.loop, where, service_of(n));
    }
    void listen_on_path() {
        std::vector<net::unix_listener::member> members;
        for (auto& n : nodes_)
            members.push_back({&n.loop, service_of(n)});
        unix_door_ = std::make_unique<net::unix_listener>(
            net::unix_socket::listen(directory_.file("s"), 0600).value(), std::move(members));
    }

    journal journal_;
    std::deque<server::engine_counts> counts_;
    net::http_limits limits_;
    std::uint16_t port_ = 0;
    temporary_directory directory_;
    std::deque<node> nodes_;
    std::unique_ptr<net::unix_listener> unix_door_;
};

}  // namespace chat_gateway::tests
