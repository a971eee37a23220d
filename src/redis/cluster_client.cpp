#include "cluster_client.hpp"

#include "cluster_listener.hpp"
#include "every_master_listener.hpp"
#include "roaming_listener.hpp"

#include <boost/asio/post.hpp>

#include <charconv>
#include <utility>
#include <vector>

namespace chat_gateway::redis {

namespace asio = boost::asio;
using boost::system::error_code;

cluster_client::cluster_client(asio::io_context& loop, std::shared_ptr<cluster_topology> topology,
                               std::shared_ptr<cluster_nodes> nodes, cluster_options options)
    : loop_(loop),
      topology_(std::move(topology)),
      nodes_(std::move(nodes)),
      options_(std::move(options)),
      home_(slot_of(options_.home)),
      router_(options_.routing,
              [n = nodes_](const node_address& node) { return n->takes_commands(node); }),
      timer_(loop) {}

cluster_client::~cluster_client() {
    stop();
}

void cluster_client::start() {
    topology_->watch(weak_from_this());
    if (const auto* map = topology_->map()) on_map(*map);
}

void cluster_client::stop() {
    if (std::exchange(stopped_, true)) return;
    timer_.cancel();
    perform(router_.take_waiting(errc::closed), true);
    nodes_->stop();
    if (&topology_->nodes() == nodes_.get()) topology_->stop();
}

void cluster_client::later(unique_function<void()> task) {
    asio::post(loop_, [task = std::move(task)]() mutable { task(); });
}

void cluster_client::execute(std::span<const std::string_view> words, reply_handler handler) {
    submit(home_, true, make_command(words), std::move(handler));
}

void cluster_client::execute_at(std::string_view key, std::span<const std::string_view> words,
                                reply_handler handler) {
    submit(slot_of(key), false, make_command(words), std::move(handler));
}

void cluster_client::submit(unsigned slot, bool anywhere, std::string bytes,
                            reply_handler handler) {
    auto c = std::make_shared<cluster_command>();
    c->bytes = std::move(bytes);
    c->handler = std::move(handler);
    c->slot = slot;
    c->anywhere = anywhere;
    ++pending_;
    bytes_ += c->bytes.size();
    if (stopped_) return finish(c, make_error_code(errc::closed), true);
    if (pending_ > options_.max_pending || bytes_ > options_.max_bytes)
        return finish(c, make_error_code(errc::overloaded), true);
    perform(router_.submit(std::move(c), steady_clock::now()), true);
}

void cluster_client::perform(cluster_router::steps steps, bool inside) {
    using kind = routing_step::kind;
    // A handler may submit more, which goes behind what is to be sent now.
    for (auto& step : steps) {
        if (step.what != kind::finish) send(step.command, step.to, step.what == kind::send_asking);
    }
    after_steps();
    for (auto& step : steps) {
        if (step.what == kind::finish) finish(step.command, std::move(step.outcome), inside);
    }
}

void cluster_client::send(const command_ptr& c, const node_address& to, bool asking) {
    if (stopped_) return finish(c, make_error_code(errc::closed), true);
    auto& node = nodes_->at(to);
    // Nothing comes between the two: the node forgets ASKING with the next command.
    if (asking) node.execute({"ASKING"}, [](const result<reply>&) {});
    node.execute_encoded(c->bytes, [weak = weak_from_this(), c, to](result<reply> r) {
        if (const auto self = weak.lock()) {
            self->perform(self->router_.answered(c, to, std::move(r), steady_clock::now()), false);
        } else {
            c->handler(make_error_code(errc::closed));
        }
    });
}

void cluster_client::finish(const command_ptr& c, result<reply> outcome, bool inside) {
    --pending_;
    bytes_ -= c->bytes.size();
    if (!inside) return c->handler(std::move(outcome));
    later([c, outcome = std::move(outcome)]() mutable { c->handler(std::move(outcome)); });
}

void cluster_client::after_steps() {
    if (stopped_) return;
    if (router_.take_doubt()) topology_->doubt();
    const auto due = router_.next_wake();
    if (due == armed_for_) return;
    armed_for_ = due;
    timer_.cancel();
    if (!due) return;
    timer_.expires_at(*due);
    timer_.async_wait([weak = weak_from_this()](error_code cancelled) {
        const auto self = weak.lock();
        if (!self || cancelled || self->stopped_) return;
        self->armed_for_.reset();
        self->perform(self->router_.wake(steady_clock::now()), false);
    });
}

void cluster_client::on_map(const slot_map& map) {
    if (stopped_) return;
    nodes_->keep_only(map);
    perform(router_.use(map, steady_clock::now()), false);
}

void cluster_client::on_no_map() {
    if (!stopped_) perform(router_.give_up(), false);
}

namespace {

/// Collects what the masters answer.
struct gathering {
    client::replies_handler handler;
    std::vector<reply> answers{};
    std::size_t due = 0;

    void add(result<reply> r) {
        if (r) answers.push_back(std::move(*r));
        if (--due > 0) return;
        if (answers.empty())
            handler(make_error_code(errc::unavailable));
        else
            handler(std::move(answers));
    }
};

}  // namespace

void cluster_client::execute_on_masters(std::span<const std::string_view> words,
                                        replies_handler handler) {
    const auto all = std::make_shared<gathering>(gathering{std::move(handler)});
    std::vector<connection*> there;
    if (!stopped_) {
        for (const auto& master : router_.map().masters()) {
            if (auto& node = nodes_->at(master); node.takes_commands()) there.push_back(&node);
        }
    }
    if (there.empty()) {
        const auto why = stopped_ ? errc::closed : errc::unavailable;
        if (!stopped_) topology_->doubt();
        return later([all, why] { all->handler(make_error_code(why)); });
    }
    all->due = there.size();
    for (auto* node : there)
        node->execute(words, [all](result<reply> r) { all->add(std::move(r)); });
}

std::shared_ptr<channel_listener> cluster_client::make_listener(listener_options o) {
    if (o.sharded) return std::make_shared<cluster_listener>(loop_, topology_, std::move(o));
    if (o.every_master)
        return std::make_shared<every_master_listener>(loop_, topology_, std::move(o));
    return std::make_shared<roaming_listener>(loop_, topology_, home_, std::move(o));
}

std::shared_ptr<client> cluster_client::make_another(std::string name,
                                                     std::chrono::milliseconds timeout) {
    auto node = nodes_->options();
    node.link.name = std::move(name);
    node.command_timeout = timeout;
    auto nodes = std::make_shared<cluster_nodes>(loop_, nodes_->url_of({}), std::move(node));
    auto made = std::make_shared<cluster_client>(loop_, topology_, std::move(nodes), options_);
    made->start();
    return made;
}

std::shared_ptr<client> make_client(asio::io_context& loop, std::vector<url> nodes,
                                    std::string home) {
    if (nodes.size() == 1) return make_connection(loop, std::move(nodes.front()));
    std::vector<node_address> seeds;
    for (const auto& one : nodes) {
        std::uint16_t port = 0;
        std::from_chars(one.port.data(), one.port.data() + one.port.size(), port);
        seeds.push_back({one.host, port});
    }
    auto connections =
        std::make_shared<cluster_nodes>(loop, std::move(nodes.front()), connection_options{});
    auto topology =
        std::make_shared<cluster_topology>(loop, std::move(seeds), connections, topology_options{});
    cluster_options options;
    options.home = std::move(home);
    auto made = std::make_shared<cluster_client>(loop, topology, std::move(connections),
                                                 std::move(options));
    made->start();
    topology->start();
    return made;
}

}  // namespace chat_gateway::redis
