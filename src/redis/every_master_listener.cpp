#include "every_master_listener.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace chat_gateway::redis {

/// Done when all masters are, with the first error if there is one.
struct every_master_listener::joint_waiter {
    std::vector<waiter> done;
    std::size_t due;
    result<> outcome{};

    void add(result<> one) {
        if (!one && outcome) outcome = one;
        if (--due > 0) return;
        for (auto& w : done)
            w(outcome);
    }
};

every_master_listener::every_master_listener(boost::asio::io_context& loop,
                                             std::shared_ptr<cluster_topology> topology,
                                             listener_options options)
    : loop_(loop), topology_(std::move(topology)), options_(std::move(options)) {}

every_master_listener::~every_master_listener() {
    stop();
}

void every_master_listener::start(message_handler handler, unique_function<void()> gap) {
    handler_ = std::move(handler);
    gap_ = std::move(gap);
    topology_->watch(weak_from_this());
    if (const auto* map = topology_->map()) on_map(*map);
}

void every_master_listener::stop() {
    if (std::exchange(stopped_, true)) return;
    for (auto& [node, s] : masters_)
        s->stop();
    masters_.clear();
    if (early_.empty()) return;
    boost::asio::post(loop_, [early = std::move(early_)]() mutable {
        for (auto& w : early)
            w(make_error_code(errc::closed));
    });
}

void every_master_listener::subscribe(std::vector<std::string> channels, waiter done) {
    wanted_.insert(wanted_.end(), channels.begin(), channels.end());
    if (masters_.empty()) {
        early_.push_back(std::move(done));
        return;
    }
    std::vector<waiter> one;
    one.push_back(std::move(done));
    const auto joint =
        std::make_shared<joint_waiter>(joint_waiter{std::move(one), masters_.size()});
    for (auto& [node, s] : masters_)
        s->subscribe(channels, [joint](result<> r) { joint->add(r); });
}

void every_master_listener::unsubscribe(const std::vector<std::string>& channels) {
    std::erase_if(wanted_, [&](const std::string& one) {
        return std::ranges::find(channels, one) != channels.end();
    });
    for (auto& [node, s] : masters_)
        s->unsubscribe(channels);
}

void every_master_listener::pause(bool paused) {
    paused_ = paused;
    for (auto& [node, s] : masters_)
        s->pause(paused);
}

bool every_master_listener::is_up() const {
    return !masters_.empty() &&
           std::ranges::all_of(masters_, [](const auto& m) { return m.second->is_up(); });
}

std::uint64_t every_master_listener::reconnects() const {
    std::uint64_t sum = left_;
    for (const auto& [node, s] : masters_)
        sum += s->reconnects();
    return sum;
}

void every_master_listener::on_map(const slot_map& map) {
    if (stopped_) return;
    const bool first = masters_.empty();
    bool fewer = false;
    std::erase_if(masters_, [&](auto& m) {
        if (map.has(m.first)) return false;
        left_ += m.second->reconnects();
        m.second->stop();
        return fewer = true;
    });
    for (const auto& master : map.masters()) {
        if (!masters_.contains(master)) open(master, !first);
    }
    if (fewer) gap_();
    if (!first) return;
    auto early = std::exchange(early_, {});
    if (early.empty()) return;
    const auto joint =
        std::make_shared<joint_waiter>(joint_waiter{std::move(early), masters_.size()});
    for (auto& [node, s] : masters_)
        s->subscribe({}, [joint](result<> r) { joint->add(r); });
}

/// `late`: what it has told so far was missed.
void every_master_listener::open(const node_address& node, bool late) {
    auto s = std::make_shared<subscriber>(loop_, always(topology_->nodes().url_of(node)), options_);
    s->start(
        [this](std::span<const published> batch) {
            if (!stopped_) handler_(batch);
        },
        [this] {
            if (!stopped_) gap_();
        });
    s->subscribe(wanted_, [weak = weak_from_this(), late](result<> done) {
        const auto self = weak.lock();
        if (self && late && done && !self->stopped_) self->gap_();
    });
    if (paused_) s->pause(true);
    masters_.emplace(node, std::move(s));
}

}  // namespace chat_gateway::redis
