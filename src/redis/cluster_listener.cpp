#include "cluster_listener.hpp"

#include <chat_gateway/base/log.hpp>

#include <boost/asio/post.hpp>

#include <utility>

namespace chat_gateway::redis {

namespace asio = boost::asio;
using boost::system::error_code;

cluster_listener::cluster_listener(asio::io_context& loop,
                                   std::shared_ptr<cluster_topology> topology,
                                   listener_options options)
    : loop_(loop),
      topology_(std::move(topology)),
      options_(std::move(options)),
      subscriptions_(options_.link.retry),
      timer_(loop),
      farewell_(loop) {}

cluster_listener::~cluster_listener() {
    stop();
}

void cluster_listener::start(message_handler handler, unique_function<void()> gap) {
    handler_ = std::move(handler);
    gap_ = std::move(gap);
    topology_->watch(weak_from_this());
    if (const auto* map = topology_->map()) on_map(*map);
}

void cluster_listener::stop() {
    if (std::exchange(stopped_, true)) return;
    timer_.cancel();
    farewell_.cancel();
    for (auto& [node, e] : ears_)
        e->link->stop();
    ears_.clear();
    auto waiters = subscriptions_.take_all();
    if (waiters.empty()) return;
    asio::post(loop_, [waiters = std::move(waiters)]() mutable {
        for (auto& w : waiters)
            w(make_error_code(errc::closed));
    });
}

void cluster_listener::subscribe(std::vector<std::string> channels, waiter done) {
    waiter refused;
    subscriptions_.subscribe(std::move(channels), std::move(done), refused);
    send_commands();
    report_later();
    if (!refused) return;
    asio::post(loop_, [refused = std::move(refused)]() mutable {
        refused(make_error_code(errc::overloaded));
    });
}

void cluster_listener::unsubscribe(const std::vector<std::string>& channels) {
    subscriptions_.unsubscribe(channels);
    send_commands();
    report_later();
}

void cluster_listener::pause(bool paused) {
    paused_ = paused;
    for (auto& [node, e] : ears_)
        e->link->pause(paused);
}

void cluster_listener::on_map(const slot_map& map) {
    if (stopped_) return;
    for (const auto& master : map.masters())
        open(master);
    const auto now = steady_clock::now();
    bool absent = false;
    for (auto& [node, e] : ears_) {
        if (map.has(node)) {
            e->absent_since.reset();
        } else {
            if (!e->absent_since) e->absent_since = now;
            absent = true;
        }
    }
    subscriptions_.use(map);
    send_commands();
    report_later();
    if (!absent) return;
    farewell_.expires_after(farewell);
    farewell_.async_wait([weak = weak_from_this()](error_code cancelled) {
        const auto self = weak.lock();
        if (self && !cancelled && !self->stopped_) self->leave_absent();
    });
}

void cluster_listener::open(const node_address& node) {
    auto& e = ears_[node];
    if (e) return;
    e = std::make_shared<ear>(*this, node);
    e->link = std::make_shared<listening_link>(loop_, always(topology_->nodes().url_of(node)),
                                               options_.link, options_.ping_interval);
    if (paused_) e->link->pause(true);
    e->link->start(e);
}

/// A node that still holds channels though no map has it may be cut off from those who publish.
void cluster_listener::leave_absent() {
    const auto now = steady_clock::now();
    for (auto it = ears_.begin(); it != ears_.end();) {
        const auto& absent = it->second->absent_since;
        if (!absent || now < *absent + farewell) {
            ++it;
            continue;
        }
        log::info("redis node is no master any more",
                  {{"host", it->first.host}, {"port", it->first.port}});
        it->second->link->stop();
        subscriptions_.on_down(it->first);
        it = ears_.erase(it);
    }
    send_commands();
    report();
}

void cluster_listener::on_up(const node_address& node) {
    subscriptions_.on_up(node);
    send_commands();
}

bool cluster_listener::on_reply(const node_address& node, const reply& r) {
    if (subscriptions_.on_reply(node, r, steady_clock::now())) return true;
    log::warn("redis node's answer to a subscription makes no sense or forbids it",
              {{"host", node.host},
               {"port", node.port},
               {"error", r.is_error() ? error_code_word(r) : std::string_view()}});
    return false;
}

void cluster_listener::on_messages(std::span<const published> batch) {
    if (stopped_) return;
    send_commands();
    // Waiters first: what the same read brought after their confirmation is for them as well. What
    // it brought before a channel was lost comes before the gap.
    for (auto& w : subscriptions_.take_due())
        w({});
    if (!batch.empty() && !stopped_) handler_(batch);
    if (!stopped_) report();
}

void cluster_listener::on_down(const node_address& node) {
    subscriptions_.on_down(node);
    send_commands();
    report();
}

void cluster_listener::send_commands() {
    if (stopped_) return;
    for (const auto& command : subscriptions_.take_commands(steady_clock::now())) {
        const auto found = ears_.find(command.at);
        if (found != ears_.end()) found->second->link->send(command.bytes);
    }
    if (subscriptions_.take_doubt()) topology_->doubt();
    arm();
}

void cluster_listener::arm() {
    const auto next = subscriptions_.next_attempt();
    if (!next || timer_.expiry() == *next) return;
    timer_.expires_at(*next);
    timer_.async_wait([weak = weak_from_this()](error_code cancelled) {
        const auto self = weak.lock();
        if (self && !cancelled) self->send_commands();
    });
}

void cluster_listener::report() {
    if (stopped_) return;
    if (subscriptions_.take_lost()) gap_();
    if (subscriptions_.take_restored()) gap_();
    for (auto& w : subscriptions_.take_due())
        w({});
}

void cluster_listener::report_later() {
    if (std::exchange(report_due_, true)) return;
    asio::post(loop_, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self) return;
        self->report_due_ = false;
        self->report();
    });
}

}  // namespace chat_gateway::redis
