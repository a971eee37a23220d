#include "addresses.hpp"
#include "admin_options.hpp"
#include "drain.hpp"
#include "stores.hpp"

#include <chat_gateway/admin/admin_routes.hpp>
#include <chat_gateway/app/application.hpp>
#include <chat_gateway/base/log.hpp>
#include <chat_gateway/gateway/public_routes.hpp>
#include <chat_gateway/gateway/shard.hpp>
#include <chat_gateway/http/cors.hpp>
#include <chat_gateway/net/listener.hpp>
#include <chat_gateway/net/unix_listener.hpp>

#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <csignal>
#include <deque>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <utility>
#include <vector>

namespace chat_gateway::app {
namespace {

/// One event loop of the public side, all of it.
struct public_loop {
    net::event_loop loop;
    std::unique_ptr<gateway::shard> shard;
    std::unique_ptr<gateway::public_routes> routes;
    std::unique_ptr<net::listener> door;  ///< null: TCP is not listened on
};

unsigned thread_count(const settings& s) {
    const unsigned wanted =
        s.server.threads != 0 ? s.server.threads : std::thread::hardware_concurrency();
    return std::clamp(wanted, 1U, gateway::hub::max_shards);
}

/// Every socket is a descriptor: take as many as the system allows.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) log::warn("cannot raise the limit of open files");
}

gateway::shard_options shard_options_of(const settings& s, const http::cors_policy& cors,
                                        std::uint8_t number) {
    using ms = std::chrono::milliseconds;
    const auto offers = [&](std::string_view transport) {
        return std::find(s.engine.transports.begin(), s.engine.transports.end(), transport) !=
               s.engine.transports.end();
    };
    gateway::shard_options o;
    o.engine.session = {.ping_interval = ms(s.engine.ping_interval_ms),
                        .ping_timeout = ms(s.engine.ping_timeout_ms),
                        .upgrade_timeout = ms(s.engine.upgrade_timeout_ms),
                        .connect_timeout = ms(s.socket.connect_timeout_ms)};
    o.engine.max_payload = s.engine.max_payload_bytes;
    o.engine.allow_polling = offers("polling");
    o.engine.allow_websocket = offers("websocket");
    o.engine.compression = s.engine.compression;
    o.engine.send_queue_bytes = s.limits.send_queue_bytes;
    o.engine.cors = &cors;
    o.engine.shard = number;
    o.session_cookie = s.session.cookie;
    // The configuration check has parsed them already.
    for (const auto& block : s.server.trusted_proxies) {
        o.trusted_proxies.push_back(http::cidr::parse(block).value());
    }
    o.rooms_per_socket = s.limits.rooms_per_socket;
    o.events_per_socket_per_s = s.limits.events_per_socket_per_s;
    o.refuse_at_connect = s.session.reject == "connect_error";
    return o;
}

/// Null: nothing is limited.
std::shared_ptr<gateway::connection_limits> limits_of(const settings& s) {
    const gateway::limit_options o{
        .connections = s.server.max_connections,
        .connections_per_address = s.limits.connections_per_ip,
        .connections_per_user = s.limits.connections_per_user,
        .handshakes_per_address_per_s = s.limits.handshakes_per_ip_per_s};
    if (o.connections == 0 && o.connections_per_address == 0 && o.connections_per_user == 0 &&
        o.handshakes_per_address_per_s == 0)
        return nullptr;
    return std::make_shared<gateway::connection_limits>(o);
}

gateway::recovery_options recovery_options_of(const settings& s) {
    using ms = std::chrono::milliseconds;
    const auto& socket = s.socket;
    // A dead connection is noticed, and its session suspended, that much after the last message got
    // through.
    const ms unnoticed(s.engine.ping_interval_ms + s.engine.ping_timeout_ms);
    return {.window = ms(socket.recovery_ms),
            .packet_time = ms(socket.recovery_ms) + unnoticed,
            .room_bytes = socket.recovery_room_bytes,
            // A replay must not make its socket a slow consumer.
            .session_bytes =
                std::min<std::size_t>(socket.recovery_session_bytes, s.limits.send_queue_bytes / 2),
            .total_bytes = socket.recovery_total_bytes};
}

/// Members in the order in which they may refer to each other: destroyed from the last to the
/// first, with no loop running.
class application {
public:
    application(const settings& s, addresses where)
        : cors_(s.cors.origins),
          limits_(limits_of(s)),
          loops_(thread_count(s)),
          stores_(s, services_loop_),
          services_(services_loop_, *stores_.sessions, *stores_.directory, *stores_.bus,
                    stores_.names,
                    {.secrets = s.session.secrets, .user_pointer = s.session.user_pointer},
                    recovery_options_of(s), metrics_),
          admin_(admin_options_of(s), services_, metrics_),
          signals_(services_loop_.context(), SIGTERM, SIGINT),
          drain_(services_loop_, std::chrono::milliseconds(s.server.drain_ms)) {
        public_limits_.body_bytes = s.engine.max_payload_bytes;
        admin_limits_.body_bytes = admin::admin_routes::max_body_bytes;
        for (std::size_t n = 0; n < loops_.size(); ++n)
            set_up_loop(s, static_cast<std::uint8_t>(n));
        std::vector<server::engine*> engines;
        for (auto& l : loops_)
            engines.push_back(&l.shard->engine());
        for (auto& l : loops_)
            l.shard->engine().set_peers(engines);
        services_.set_recheck(std::chrono::milliseconds(s.session.recheck_ms));
        if (stores_.recovery) services_.set_recovery_store(*stores_.recovery);
        services_.start();
        stores_.start();
        services_.hub().set_compression(s.engine.compression);
        open_doors(std::move(where));
        wait_for_signal();
    }

    /// What is in the loops' hands may belong to another loop: everything that holds such things
    /// goes while all loops still exist.
    ~application() {
        unix_door_.reset();
        for (auto& l : loops_) {
            l.door.reset();
            l.routes.reset();
            l.shard.reset();
        }
        // What one loop discards may post to another.
        for (int round = 0; round < 2; ++round) {
            for (auto& l : loops_)
                l.loop.discard();
        }
    }
    application(const application&) = delete;
    application& operator=(const application&) = delete;

    void run() {
        std::vector<std::jthread> threads;
        for (auto& l : loops_) {
            if (&l.loop != &services_loop_) threads.emplace_back([&l] { l.loop.run(); });
        }
        services_loop_.run();
        for (auto& l : loops_)
            l.loop.stop();
    }

private:
    void set_up_loop(const settings& s, std::uint8_t number) {
        public_loop& l = loops_[number];
        auto options = shard_options_of(s, cors_, number);
        options.limits = limits_;
        l.shard = std::make_unique<gateway::shard>(l.loop, std::move(options), services_, metrics_);
        gateway::public_routes::other_routes other;
        if (stores_.demonstration) {
            other = [this, &l](const http::request& r,
                               const std::shared_ptr<net::local_exchange>& e) {
                return stores_.demonstration->serve(l.loop, services_, r, e);
            };
        }
        l.routes = std::make_unique<gateway::public_routes>(l.shard->engine(), s.server.path,
                                                            std::move(other));
        services_.add_shard(l.loop, l.shard->calls());
        drain_.add(*l.shard, [this, &l] { close_doors(l); });
    }

    void open_doors(addresses where) {
        std::vector<net::unix_listener::member> members;
        for (auto& l : loops_) {
            const auto serve = [this, &l](net::stream_socket peer) {
                net::serve_http(l.loop, std::move(peer), *l.routes, public_limits_);
            };
            if (where.tcp) l.door = std::make_unique<net::listener>(l.loop, *where.tcp, serve);
            members.push_back({&l.loop, serve});
        }
        if (where.unix_domain) {
            unix_door_ = std::make_unique<net::unix_listener>(std::move(*where.unix_domain),
                                                              std::move(members));
        }
        admin_door_ = std::make_unique<net::listener>(
            services_loop_, *where.admin, [this](net::stream_socket peer) {
                net::serve_http(services_loop_, std::move(peer), admin_, admin_limits_);
            });
    }

    /// Those that are `l`'s. On its loop.
    void close_doors(public_loop& l) {
        if (l.door) l.door->stop();
        if (unix_door_ && &l == &loops_.front()) unix_door_->stop();
    }

    void wait_for_signal() {
        signals_.async_wait([this](const boost::system::error_code& ec, int number) {
            if (ec) return;
            wait_for_signal();
            if (drain_.begun()) {
                log::info("stopping at once", {{"signal", number}});
                return services_loop_.stop();
            }
            log::info("draining", {{"signal", number}});
            admin_.begin_drain();
            drain_.begin([this] { services_loop_.stop(); });
        });
    }

    http::cors_policy cors_;
    std::shared_ptr<gateway::connection_limits> limits_;
    gateway::metrics metrics_;
    net::http_limits public_limits_;
    net::http_limits admin_limits_;
    std::deque<public_loop> loops_;
    /// The first of them, so that a message which the bus brings for a socket here wakes one
    /// thread.
    net::event_loop& services_loop_ = loops_.front().loop;
    stores stores_;
    gateway::services services_;
    admin::admin_routes admin_;
    std::unique_ptr<net::unix_listener> unix_door_;  ///< the first loop's; may be null
    std::unique_ptr<net::listener> admin_door_;
    boost::asio::signal_set signals_;
    drain drain_;
};

}  // namespace

int run_application(const settings& s) {
    std::signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    auto where = open_addresses(s);
    if (!where) return 2;
    const std::string public_text = where->public_text();
    const std::string admin_text = where->admin->text();
    std::unique_ptr<application> app;
    try {
        app = std::make_unique<application>(s, std::move(*where));
    } catch (const std::exception& e) {
        log::error("cannot start", {{"error", e.what()}});
        return 2;
    }
    log::info("listening", {{"public", public_text},
                            {"path", s.server.path},
                            {"admin", admin_text},
                            {"loops", thread_count(s)}});
    // An exception out of a loop is a broken invariant: it ends the process, and the supervisor
    // starts it anew.
    app->run();
    log::info("stopped");
    return 0;
}

}  // namespace chat_gateway::app
