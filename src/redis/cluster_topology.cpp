#include "cluster_topology.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/base/random.hpp>

#include <algorithm>
#include <utility>

namespace chat_gateway::redis {

using boost::system::error_code;

namespace {

void shuffle(std::vector<node_address>& nodes) {
    for (std::size_t i = nodes.size(); i > 1; --i)
        std::swap(nodes[i - 1], nodes[random_below(i)]);
}

}  // namespace

cluster_topology::cluster_topology(boost::asio::io_context& loop, std::vector<node_address> seeds,
                                   std::shared_ptr<cluster_nodes> nodes, topology_options options)
    : seeds_(std::move(seeds)),
      nodes_(std::move(nodes)),
      options_(std::move(options)),
      next_round_(loop),
      next_node_(loop) {}

void cluster_topology::start() {
    begin_round();
}

void cluster_topology::stop() {
    stopped_ = true;
    ++round_;
    next_round_.cancel();
    next_node_.cancel();
    watchers_.clear();
    nodes_->stop();
}

void cluster_topology::watch(std::weak_ptr<topology_watcher> watcher) {
    std::erase_if(watchers_, [](const auto& w) { return w.expired(); });
    watchers_.push_back(std::move(watcher));
}

template <class Call>
void cluster_topology::tell(Call call) {
    for (const auto& watcher : std::vector(watchers_)) {
        if (const auto alive = watcher.lock()) call(*alive);
    }
}

void cluster_topology::doubt() {
    if (stopped_) return;
    const auto now = steady_clock::now();
    doubtful_until_ = now + options_.doubt;
    if (asking_) return;
    // The first doubt in quiet times is looked into at once.
    const bool quiet = now - round_began_ > options_.patience;
    const auto wait = quiet ? std::chrono::milliseconds(0) : options_.retry.next();
    if (next_round_.expiry() > now + wait) schedule(wait);
}

void cluster_topology::schedule(steady_clock::duration after) {
    next_round_.expires_after(after);
    next_round_.async_wait([weak = weak_from_this()](error_code cancelled) {
        const auto self = weak.lock();
        if (self && !cancelled && !self->stopped_ && !self->asking_) self->begin_round();
    });
}

void cluster_topology::begin_round() {
    asking_ = true;
    ++round_;
    round_began_ = steady_clock::now();
    unanswered_ = 0;
    second_best_.reset();
    candidates_ = seeds_;
    shuffle(candidates_);
    if (map_) {
        auto masters = map_->masters();
        shuffle(masters);
        for (auto& master : masters) {
            std::erase(candidates_, master);
            candidates_.push_back(std::move(master));
        }
    }
    ask_next(false);
}

/// `late`: the last one asked has not answered in time.
void cluster_topology::ask_next(bool late) {
    if (candidates_.empty()) {
        if (unanswered_ == 0 || (late && second_best_))
            end_round(std::exchange(second_best_, std::nullopt));
        return;
    }
    const auto node = std::move(candidates_.back());
    candidates_.pop_back();
    ++unanswered_;
    next_node_.expires_after(options_.patience);
    next_node_.async_wait([weak = weak_from_this(), round = round_](error_code cancelled) {
        const auto self = weak.lock();
        if (self && !cancelled && self->asking_ && self->round_ == round) self->ask_next(true);
    });
    ask(node);
}

void cluster_topology::ask(const node_address& node) {
    auto& c = nodes_->at(node);
    const auto state_ok = std::make_shared<bool>(false);
    c.execute({"CLUSTER", "INFO"}, [state_ok](const result<reply>& r) {
        *state_ok = r && r->text.find("cluster_state:ok") != std::string::npos;
    });
    c.execute({"CLUSTER", "SLOTS"},
              [weak = weak_from_this(), node, state_ok, round = round_](const result<reply>& r) {
                  const auto self = weak.lock();
                  if (self && self->asking_ && self->round_ == round)
                      self->on_slots(node, *state_ok, r);
              });
}

void cluster_topology::on_slots(const node_address& asked, bool state_ok,
                                const result<reply>& answer) {
    --unanswered_;
    if (answer && answer->is_error()) {
        log::warn(
            "redis node does not tell the slots of its cluster",
            {{"host", asked.host}, {"port", asked.port}, {"error", error_code_word(*answer)}});
    } else if (answer) {
        auto told = slot_map::parse(*answer, asked);
        if (told && state_ok) return end_round(std::move(*told));
        if (told && !second_best_) second_best_ = std::move(*told);
    }
    ask_next(false);
}

void cluster_topology::end_round(std::optional<slot_map> found) {
    asking_ = false;
    next_node_.cancel();
    const auto now = steady_clock::now();
    const bool calm = found && now >= doubtful_until_;
    if (calm) options_.retry.reset();
    const auto jitter = std::chrono::milliseconds(
        random_below(static_cast<std::uint64_t>(options_.calm.count()) / 4 + 1));
    schedule(calm ? options_.calm - jitter : options_.retry.next());
    if (found) {
        adopt(std::move(*found));
    } else if (!map_) {
        tell([](topology_watcher& w) { w.on_no_map(); });
    }
}

void cluster_topology::adopt(slot_map map) {
    nodes_->keep_only(map);
    if (map_ && *map_ == map) return;
    log::info("redis cluster's map is known", {{"masters", map.masters().size()}});
    map_ = std::move(map);
    tell([this](topology_watcher& w) { w.on_map(*map_); });
}

}  // namespace chat_gateway::redis
