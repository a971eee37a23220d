#include "addresses.hpp"
#include "admin_options.hpp"
#include "drain.hpp"
#include "last_moments.hpp"
#include "loop_watch.hpp"
#include "notifier.hpp"
#include "options.hpp"
#include "outbox_figures.hpp"
#include "process_figures.hpp"
#include "reload.hpp"
#include "stores.hpp"

#include <chat_gateway/admin/admin_routes.hpp>
#include <chat_gateway/app/application.hpp>
#include <chat_gateway/base/log.hpp>
#include <chat_gateway/base/log_repetition.hpp>
#include <chat_gateway/gateway/public_routes.hpp>
#include <chat_gateway/gateway/shard.hpp>
#include <chat_gateway/gateway/timed_ports.hpp>
#include <chat_gateway/http/cors.hpp>
#include <chat_gateway/net/listener.hpp>
#include <chat_gateway/net/unix_listener.hpp>

#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <utility>
#include <vector>

namespace chat_gateway::app {
namespace {

/// For `systemctl status`.
constexpr std::chrono::seconds status_interval{10};
/// Beyond server.drain_ms: for what is stored, and the last close frames.
constexpr std::chrono::seconds longest_farewell{5};

/// One event loop of the public side, all of it.
struct public_loop {
    net::http_connections connections;  ///< the coroutines that are in it go with the loop
    net::event_loop loop;
    std::unique_ptr<gateway::shard> shard;
    std::unique_ptr<gateway::public_routes> routes;
    std::unique_ptr<net::listener> door;  ///< null: TCP is not listened on, or by inheritance
};

/// Every socket is a descriptor: take as many as the system allows.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) log::warn("cannot raise the limit of open files");
}

/// Members in the order in which they may refer to each other: destroyed from the last to the
/// first, with no loop running.
class application {
public:
    application(const settings& s, const origin& from, addresses where)
        : settings_(s),
          from_(from),
          manager_(from.variables),
          cors_(std::make_shared<const http::cors_policy>(s.cors.origins)),
          loops_(thread_count(s)),
          stores_(s, services_loop_),
          services_(services_loop_, *timed_sessions_, *timed_directory_, *stores_.bus,
                    stores_.names,
                    {.secrets = s.session.secrets, .user_pointer = s.session.user_pointer},
                    recovery_options_of(s), metrics_),
          admin_(admin_options_of(s), services_, metrics_),
          signals_(std::in_place, services_loop_.context(), SIGTERM, SIGINT, SIGHUP),
          drain_(services_loop_, std::chrono::milliseconds(s.server.drain_ms)) {
        public_limits_.body_bytes = s.engine.max_payload_bytes;
        admin_limits_.body_bytes = admin::admin_routes::max_body_bytes;
        set_connection_limits(limits_, s);
        add_process_figures(metrics_, stores_);
        add_outbox_figures(metrics_, stores_);
        for (std::size_t n = 0; n < loops_.size(); ++n)
            set_up_loop(static_cast<std::uint8_t>(n));
        std::vector<server::engine*> engines;
        for (auto& l : loops_)
            engines.push_back(&l.shard->engine());
        for (auto& l : loops_)
            l.shard->engine().set_peers(engines);
        services_.set_recheck(std::chrono::milliseconds(s.session.recheck_ms));
        if (stores_.recovery) services_.set_recovery_store(*stores_.recovery);
        if (stores_.marks && stores_.history)
            services_.set_outbox(*stores_.marks, *stores_.history);
        services_.start();
        stores_.start();
        drain_.before_end([this](auto done) { services_.when_stored(std::move(done)); });
        services_.hub().set_compression(s.engine.compression);
        open_doors(std::move(where));
        wait_for_signal();
        start_telling();
        tell_repeated_lines();
    }

    /// What is in the loops' hands may belong to another loop: everything that holds such things
    /// goes while all loops still exist.
    ~application() {
        unix_door_.reset();
        inherited_doors_.clear();
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

    /// Until it is told to stop; signals have their default action again when it returns.
    void run() {
        std::vector<std::jthread> threads;
        for (auto& l : loops_) {
            if (&l.loop != &services_loop_) threads.emplace_back([&l] { l.loop.run(); });
        }
        manager_.ready(status());
        services_loop_.run();
        for (auto& l : loops_)
            l.loop.stop();
        threads.clear();
        signals_.reset();
    }

private:
    void set_up_loop(std::uint8_t number) {
        public_loop& l = loops_[number];
        auto options = shard_options_of(settings_, *cors_, number);
        options.limits = limits_;
        l.shard = std::make_unique<gateway::shard>(l.loop, std::move(options), services_, metrics_);
        l.shard->engine().set_cors(cors_);
        gateway::public_routes::other_routes other;
        if (stores_.demonstration) {
            other = [this, &l](const http::request& r,
                               const std::shared_ptr<net::local_exchange>& e) {
                return stores_.demonstration->serve(l.loop, services_, r, e);
            };
        }
        l.routes = std::make_unique<gateway::public_routes>(
            l.shard->engine(), settings_.server.path, std::move(other));
        services_.add_shard(l.loop, l.shard->calls());
        drain_.add({.shard = l.shard.get(),
                    .begin = [this, &l] { begin_drain(l); },
                    .end = [this, &l] { end_drain(l); }});
    }

    void open_doors(addresses where) {
        std::vector<net::accepting_loop> members;
        for (auto& l : loops_) {
            const auto serve = [this, &l](net::stream_socket peer) {
                net::serve_http(l.loop, std::move(peer), *l.routes, public_limits_, &l.connections);
            };
            if (where.tcp) l.door = std::make_unique<net::listener>(l.loop, *where.tcp, serve);
            members.push_back({&l.loop, serve});
        }
        if (where.unix_domain) {
            unix_door_ =
                std::make_unique<net::unix_listener>(std::move(*where.unix_domain), members);
        }
        for (auto& socket : where.inherited.open) {
            inherited_doors_.push_back(
                std::make_unique<net::inherited_listener>(std::move(socket), members));
        }
        const auto serve_admin = [this](net::stream_socket peer) {
            net::serve_http(services_loop_, std::move(peer), admin_, admin_limits_);
        };
        if (where.admin)
            admin_door_ =
                std::make_unique<net::listener>(services_loop_, *where.admin, serve_admin);
        if (where.inherited.admin) {
            inherited_admin_ = std::make_unique<net::inherited_listener>(
                std::move(*where.inherited.admin),
                std::vector<net::accepting_loop>{{&services_loop_, serve_admin}});
        }
    }

    /// On its loop. Where a socket was inherited the next process serves whoever connects from now
    /// on: they are left in its queue, and who has got in already is not sent away. Where it was
    /// not, connections are still taken: pollers need them to the end of their sessions.
    void begin_drain(public_loop& l) {
        l.connections.wind_down();
        l.shard->begin_drain(inherited_doors_.empty());
        if (!inherited_doors_.empty()) close_doors(l);
    }

    /// On its loop. Probes that come from now on are the next process', if there is to be one.
    void end_drain(public_loop& l) {
        close_doors(l);
        if (&l == &loops_.front() && inherited_admin_) inherited_admin_->stop();
    }

    /// Those that are `l`'s. On its loop.
    void close_doors(public_loop& l) {
        if (l.door) l.door->stop();
        if (&l != &loops_.front()) return;
        if (unix_door_) unix_door_->stop();
        for (auto& door : inherited_doors_)
            door->stop();
    }

    void wait_for_signal() {
        signals_->async_wait([this](const boost::system::error_code& ec, int number) {
            if (ec) return;
            wait_for_signal();
            if (number == SIGHUP) return reload();
            if (drain_.begun()) {
                log::info("stopping at once", {{"signal", number}});
                return services_loop_.stop();
            }
            log::info("draining", {{"signal", number}});
            const std::chrono::milliseconds time(settings_.server.drain_ms);
            manager_.stopping("handing clients off", time + longest_farewell);
            admin_.begin_drain();
            drain_.begin(inherited_doors_.empty(), [this] { services_loop_.stop(); });
        });
    }

    void reload() {
        if (drain_.begun()) return log::info("not reloaded: the end has begun");
        manager_.reloading();
        auto plan = plan_reload(settings_, from_);
        for (const auto& fault : plan.faults)
            log::write_each(log::level::error, "configuration fault", {{"fault", fault}});
        if (!plan.faults.empty()) {
            log::error("not reloaded: the running configuration stays",
                       {{"faults", plan.faults.size()}});
            return manager_.ready(status());
        }
        for (const auto& warning : plan.warnings)
            log::write_each(log::level::warn, "configuration", {{"warning", warning}});
        for (const auto key : plan.need_restart)
            log::write_each(log::level::warn, "changed, and counts after a restart",
                            {{"key", key}});
        settings_ = std::move(plan.values);
        put_to_use([this, changed = std::move(plan.changed)] {
            for (const auto key : changed)
                log::write_each(log::level::info, "changed", {{"key", key}});
            log::info("configuration reloaded", {{"changed", changed.size()}});
            manager_.ready(status());
        });
    }

    /// The settings that may change; `done` when every loop has them.
    void put_to_use(std::function<void()> done) {
        log::set_level(settings_.log.level);
        services_.set_secrets(settings_.session.secrets);
        services_.hub().set_session_bytes(recovery_options_of(settings_).session_bytes);
        set_connection_limits(limits_, settings_);
        cors_ = std::make_shared<const http::cors_policy>(settings_.cors.origins);
        const auto due = std::make_shared<std::size_t>(loops_.size());
        for (auto& l : loops_) {
            l.loop.post([this, &l, cors = cors_, limits = shard_limits_of(settings_, limits_), due,
                         done]() mutable {
                l.shard->engine().set_cors(std::move(cors));
                l.shard->set_limits(std::move(limits));
                services_loop_.post([due, done = std::move(done)] {
                    if (--*due == 0) done();
                });
            });
        }
    }

    /// The service manager hears of us from now on.
    void start_telling() {
        if (!manager_.on()) return;
        services_loop_.after(status_interval, [this] { tell_status(); });
        const auto time = watchdog_time(from_.variables);
        if (!time) return;
        std::vector<loop_watch::post_function> posts;
        for (auto& l : loops_)
            posts.emplace_back([&l](auto task) { l.loop.post(std::move(task)); });
        watch_.emplace(
            services_loop_, [this](auto task) { services_loop_.post(std::move(task)); },
            std::move(posts), *time / 4, [this] { manager_.alive(); });
        watch_->start();
    }

    void tell_repeated_lines() {
        log::tell_repeated();
        services_loop_.after(std::chrono::seconds(1), [this] { tell_repeated_lines(); });
    }

    void tell_status() {
        manager_.status(status());
        services_loop_.after(status_interval, [this] { tell_status(); });
    }

    [[nodiscard]] std::string status() const {
        if (drain_.begun())
            return "handing clients off, " + std::to_string(drain_.left()) + " left";
        return "serving " + std::to_string(metrics_.sum(gateway::metric::sessions_open)) +
               " connections";
    }

    settings settings_;
    const origin from_;
    notifier manager_;
    std::shared_ptr<const http::cors_policy> cors_;
    std::shared_ptr<gateway::connection_limits> limits_;  ///< null: nothing has been limited yet
    gateway::metrics metrics_;
    net::http_limits public_limits_;
    net::http_limits admin_limits_;
    std::deque<public_loop> loops_;
    /// The first of them, so that a message which the bus brings for a socket here wakes one
    /// thread.
    net::event_loop& services_loop_ = loops_.front().loop;
    stores stores_;
    gateway::metrics_block& store_counts_ = metrics_.make_block();
    std::unique_ptr<chat::session_store> timed_sessions_ =
        gateway::timed(services_loop_, *stores_.sessions, store_counts_);
    std::unique_ptr<chat::chat_directory> timed_directory_ =
        gateway::timed(services_loop_, *stores_.directory, store_counts_);
    gateway::services services_;
    admin::admin_routes admin_;
    std::unique_ptr<net::unix_listener> unix_door_;  ///< the first loop's; may be null
    std::vector<std::unique_ptr<net::inherited_listener>> inherited_doors_;  ///< likewise
    std::unique_ptr<net::listener> admin_door_;  ///< null: it was inherited
    std::unique_ptr<net::inherited_listener> inherited_admin_;
    std::optional<boost::asio::signal_set> signals_;  ///< until run() returns
    drain drain_;
    std::optional<loop_watch> watch_;
};

}  // namespace

int run_application(const settings& s, const origin& from) {
    std::signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    auto where = open_addresses(s, from.variables);
    if (!where) return 2;
    const std::string public_text = where->public_text();
    const std::string admin_text = where->admin_text();
    std::unique_ptr<application> app;
    try {
        app = std::make_unique<application>(s, from, std::move(*where));
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
    const last_moments limit;
    log::tell_all_repeated();
    log::info("stopped");
    app.reset();
    return 0;
}

}  // namespace chat_gateway::app
