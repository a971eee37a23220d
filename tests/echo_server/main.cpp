// A server for tests of the protocol libraries: Engine.IO and Socket.IO with nothing behind them.
#include "options.hpp"
#include "raw_echo.hpp"
#include "socket_echo.hpp"

#include <chat_gateway/net/http_server.hpp>
#include <chat_gateway/net/listener.hpp>

#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace chat_gateway::echo {
namespace {

constexpr std::string_view raw_path = "/engine.io";
bool is_below(std::string_view path, std::string_view root) {
    return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

server::engine_options engine_options_of(const options& o) {
    server::engine_options e;
    e.session.ping_interval = o.ping_interval;
    e.session.ping_timeout = o.ping_timeout;
    e.session.connect_timeout = o.connect_timeout;
    e.max_payload = o.max_payload;
    e.compression = o.compression;
    e.send_queue_bytes = std::size_t{64} * 1024 * 1024;
    return e;
}

/// Both applications on one loop: what the tests send is handled in the order in which it came.
class echo_server final : public net::http_handler {
public:
    echo_server(const options& o, const std::vector<net::listen_address>& where)
        : path_(o.path),
          sockets_(loop_, engine_options_of(o)),
          raw_(loop_, engine_options_of(o)),
          signals_(loop_.context(), SIGTERM, SIGINT) {
        limits_.body_bytes = o.max_payload;
        for (const auto& address : where) {
            doors_.push_back(
                std::make_unique<net::listener>(loop_, address, [this](net::stream_socket peer) {
                    net::serve_http(loop_, std::move(peer), *this, limits_);
                }));
        }
        signals_.async_wait([this](const boost::system::error_code& ec, int) {
            if (!ec) loop_.stop();
        });
    }

    /// Until SIGTERM or SIGINT.
    void run() { loop_.run(); }

    std::unique_ptr<net::body_watch> on_body_begins(
        const http::request& r, std::shared_ptr<net::unfinished_request> u) override {
        if (is_below(r.path, path_)) return sockets_.engine().body_begins(r, std::move(u));
        if (is_below(r.path, raw_path)) return raw_.engine().body_begins(r, std::move(u));
        return nullptr;
    }
    void on_request(http::request r, std::shared_ptr<net::local_exchange> e) override {
        if (is_below(r.path, path_)) return sockets_.engine().handle(std::move(r), std::move(e));
        if (is_below(r.path, raw_path)) return raw_.engine().handle(std::move(r), std::move(e));
        http::response none;
        none.status = 404;
        e->respond(std::move(none));
    }
    http::response on_unusable_body(const http::request& r, unsigned status) override {
        const auto& engine = is_below(r.path, path_) ? sockets_.engine() : raw_.engine();
        return engine.unusable_body(r, status);
    }

private:
    const std::string path_;
    net::http_limits limits_;
    net::event_loop loop_;
    socket_echo sockets_;
    raw_echo raw_;
    std::vector<std::unique_ptr<net::listener>> doors_;
    boost::asio::signal_set signals_;
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
