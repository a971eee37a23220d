// A server for tests of the protocol libraries: Engine.IO and Socket.IO with nothing behind them.
#include "options.hpp"
#include "raw_echo.hpp"
#include "socket_echo.hpp"

#include <chat_gateway/net/http_server.hpp>
#include <chat_gateway/net/listener.hpp>

#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <deque>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace chat_gateway::echo {
namespace {

constexpr std::string_view raw_path = "/engine.io";
/// Two, so that requests and sockets for the other loop's sessions are part of every test.
constexpr unsigned loop_count = 2;

bool is_below(std::string_view path, std::string_view root) {
    return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

server::engine_options engine_options_of(const options& o, std::uint8_t shard) {
    server::engine_options e;
    e.session.ping_interval = o.ping_interval;
    e.session.ping_timeout = o.ping_timeout;
    e.session.connect_timeout = o.connect_timeout;
    e.max_payload = o.max_payload;
    e.send_queue_bytes = std::size_t{64} * 1024 * 1024;
    e.shard = shard;
    return e;
}

/// One loop with both applications on it.
class node final : public net::http_handler {
public:
    node(const options& o, std::uint8_t shard) : path_(o.path) {
        sockets.emplace(loop, engine_options_of(o, shard));
        raw.emplace(loop, engine_options_of(o, shard));
    }

    void on_request(http::request r, std::shared_ptr<net::local_exchange> e) override {
        if (is_below(r.path, path_)) return sockets->engine().handle(std::move(r), std::move(e));
        if (is_below(r.path, raw_path)) return raw->engine().handle(std::move(r), std::move(e));
        http::response none;
        none.status = 404;
        e->respond(std::move(none));
    }
    http::response on_too_large(const http::request& r) override {
        return (is_below(r.path, path_) ? sockets->engine() : raw->engine()).too_large(r);
    }

    net::event_loop loop;
    std::optional<socket_echo> sockets;
    std::optional<raw_echo> raw;
    std::vector<std::unique_ptr<net::listener>> doors;

private:
    std::string path_;
};

class echo_server {
public:
    echo_server(const options& o, const std::vector<net::listen_address>& where) {
        limits_.body_bytes = o.max_payload;
        std::vector<server::engine*> sockets;
        std::vector<server::engine*> raw;
        for (unsigned n = 0; n < loop_count; ++n) {
            auto& made = nodes_.emplace_back(o, static_cast<std::uint8_t>(n));
            sockets.push_back(&made.sockets->engine());
            raw.push_back(&made.raw->engine());
        }
        for (auto& n : nodes_) {
            n.sockets->engine().set_peers(sockets);
            n.raw->engine().set_peers(raw);
            for (const auto& address : where) {
                n.doors.push_back(std::make_unique<net::listener>(
                    n.loop, address, [this, &n](net::stream_socket peer) {
                        net::serve_http(n.loop, std::move(peer), n, limits_);
                    }));
            }
        }
    }
    /// What is in the loops' hands may belong to another loop: it goes while all of them exist.
    ~echo_server() {
        for (auto& n : nodes_) {
            n.doors.clear();
            n.sockets.reset();
            n.raw.reset();
        }
        for (int round = 0; round < 2; ++round) {
            for (auto& n : nodes_)
                n.loop.discard();
        }
    }
    echo_server(const echo_server&) = delete;
    echo_server& operator=(const echo_server&) = delete;

    /// Until SIGTERM or SIGINT.
    void run() {
        boost::asio::signal_set signals(nodes_.front().loop.context(), SIGTERM, SIGINT);
        signals.async_wait([this](const boost::system::error_code& ec, int) {
            if (ec) return;
            for (auto& n : nodes_)
                n.loop.stop();
        });
        std::vector<std::jthread> threads;
        for (auto& n : nodes_)
            threads.emplace_back([&n] { n.loop.run(); });
    }

private:
    net::http_limits limits_;
    std::deque<node> nodes_;
};

int run(const options& o) {
    std::signal(SIGPIPE, SIG_IGN);
    std::vector<net::listen_address> where;
    const auto main_address = net::listen_address::reserve("127.0.0.1", o.port);
    if (!main_address) {
        std::cerr << "protocol_echo_server: cannot listen on 127.0.0.1 port " << o.port << ": "
                  << main_address.error().message() << '\n';
        return 2;
    }
    where.push_back(*main_address);
    // `localhost` may be either; a machine without IPv6 does without.
    if (const auto v6 = net::listen_address::reserve("::1", main_address->port())) {
        where.push_back(*v6);
    } else {
        std::cerr << "protocol_echo_server: not on ::1: " << v6.error().message() << '\n';
    }
    try {
        echo_server server(o, where);
        std::cout << "listening on port " << main_address->port() << std::endl;
        server.run();
        return 0;
    } catch (const std::exception& e) {
        std::cerr << "protocol_echo_server: " << e.what() << '\n';
        return 2;
    }
}

}  // namespace
}  // namespace chat_gateway::echo

int main(int argc, char** argv) {
    using namespace chat_gateway::echo;
    const auto parsed = parse_options({argv + 1, argv + argc});
    if (const auto* bad = std::get_if<bad_argument>(&parsed)) {
        std::cerr << "protocol_echo_server: " << bad->what << '\n' << usage;
        return 1;
    }
    const auto& o = std::get<options>(parsed);
    if (o.help) {
        std::cout << usage;
        return 0;
    }
    return run(o);
}
