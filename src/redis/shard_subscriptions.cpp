#include "shard_subscriptions.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace chat_gateway::redis {

/// Keeps the counts of what is not settled and what is lost.
void shard_subscriptions::set(entry& e, bool wanted, place at) {
    const bool was_settled = settled(e);
    e.wanted = wanted;
    e.at = at;
    const bool is_settled = settled(e);
    if (was_settled && !is_settled) ++unsettled_[e.since];
    if (!was_settled && is_settled) {
        const auto of_call = unsettled_.find(e.since);
        if (--of_call->second == 0) unsettled_.erase(of_call);
    }
    if (e.lost && (is_settled || !wanted)) {
        e.lost = false;
        --lost_;
    }
}

void shard_subscriptions::forget(entries::iterator it) {
    const auto of_call = unsettled_.find(it->second.since);
    if (--of_call->second == 0) unsettled_.erase(of_call);
    entries_.erase(it);
}

void shard_subscriptions::subscribe(std::vector<std::string> channels, waiter done,
                                    waiter& refused) {
    ++calls_;
    for (auto& channel : channels) {
        const auto [it, fresh] = entries_.try_emplace(std::move(channel));
        entry& e = it->second;
        if (!fresh && e.wanted) continue;
        if (!fresh) {  // it is on its way out, and comes back when it is
            if (--unsettled_[e.since] == 0) unsettled_.erase(e.since);
            e.wanted = true;
        } else {
            ready_.push_back(it->first);
        }
        e.since = calls_;
        ++unsettled_[e.since];
    }
    if (waiting_.size() < max_waiting)
        waiting_.push_back({calls_, std::move(done)});
    else
        refused = std::move(done);
}

void shard_subscriptions::unsubscribe(const std::vector<std::string>& channels) {
    ++calls_;
    for (const auto& channel : channels) {
        const auto it = entries_.find(channel);
        if (it == entries_.end() || !it->second.wanted) continue;
        entry& e = it->second;
        set(e, false, e.at);
        if (--unsettled_[e.since] == 0) unsettled_.erase(e.since);
        e.since = calls_;
        ++unsettled_[e.since];
        if (e.at == place::nowhere)
            forget(it);
        else if (e.at != place::leaving)
            leave(it->first, e);
    }
}

void shard_subscriptions::leave(const std::string& channel, entry& e) {
    leaving_[e.node].push_back(channel);
    set(e, e.wanted, place::leaving);
}

/// It is at no node any more.
void shard_subscriptions::displace(const std::string& channel, entry& e) {
    if (settled(e)) {
        e.lost = true;
        ++lost_;
        tell_lost_ = restoring_ = true;
    }
    set(e, e.wanted, place::nowhere);
    ready_.push_back(channel);
}

void shard_subscriptions::left(const std::string& channel) {
    const auto it = entries_.find(channel);
    if (it == entries_.end()) return;
    if (!it->second.wanted) return forget(it);
    displace(channel, it->second);
}

void shard_subscriptions::use(const slot_map& map) {
    map_ = map;
    unpark();
}

void shard_subscriptions::on_up(const node_address& node) {
    nodes_.try_emplace(node);
    unpark();
}

void shard_subscriptions::unpark() {
    ready_.insert(ready_.end(), std::make_move_iterator(parked_.begin()),
                  std::make_move_iterator(parked_.end()));
    parked_.clear();
}

bool shard_subscriptions::holds(const node_address& node) const {
    return std::ranges::any_of(entries_, [&](const auto& e) {
        return e.second.at != place::nowhere && e.second.node == node;
    });
}

void shard_subscriptions::on_down(const node_address& node) {
    nodes_.erase(node);
    leaving_.erase(node);
    doubt_ = true;
    std::vector<std::string> there;
    for (const auto& [channel, e] : entries_) {
        if (e.at != place::nowhere && e.node == node) there.push_back(channel);
    }
    for (const auto& channel : there)
        left(channel);
}

std::vector<shard_subscriptions::command> shard_subscriptions::take_commands(time_point now) {
    for (auto& [node, channels] : std::exchange(leaving_, {}))
        ask(node, false, std::move(channels));
    if (retry_at_ && *retry_at_ <= now) {
        retry_at_.reset();
        unpark();
    }
    join_ready();
    return std::exchange(commands_, {});
}

void shard_subscriptions::join_ready() {
    std::map<node_address, std::vector<std::string>> joins;
    for (auto& channel : std::exchange(ready_, {})) {
        const auto it = entries_.find(channel);
        if (it == entries_.end() || it->second.at != place::nowhere) continue;
        const auto* const master = map_.master_of(slot_of(channel));
        if (master == nullptr) doubt_ = true;
        if (master == nullptr || !nodes_.contains(*master)) {
            parked_.push_back(std::move(channel));
            continue;
        }
        it->second.node = *master;
        set(it->second, true, place::joining);
        joins[*master].push_back(std::move(channel));
    }
    for (auto& [node, channels] : joins)
        ask(node, true, std::move(channels));
}

/// Channels of one command are of one slot: a node refuses others.
void shard_subscriptions::ask(const node_address& node, bool join,
                              std::vector<std::string> channels) {
    const auto up = nodes_.find(node);
    if (up == nodes_.end()) return;
    std::map<unsigned, std::vector<std::string>> by_slot;
    for (auto& channel : channels)
        by_slot[slot_of(channel)].push_back(std::move(channel));
    std::string bytes;
    for (auto& [slot, all] : by_slot) {
        for (std::size_t at = 0; at < all.size(); at += max_batch) {
            const auto end = std::min(all.size(), at + max_batch);
            std::vector<std::string_view> words{join ? "SSUBSCRIBE" : "SUNSUBSCRIBE"};
            asked one{join, {}};
            for (std::size_t i = at; i < end; ++i) {
                words.emplace_back(all[i]);
                one.channels.push_back(all[i]);
            }
            append_command(bytes, words);
            up->second.push_back(std::move(one));
        }
    }
    if (!bytes.empty()) commands_.push_back({node, std::move(bytes)});
}

bool shard_subscriptions::on_reply(const node_address& node, const reply& r, time_point now) {
    if (r.is_error()) return on_error(node, r, now);
    if (r.type != reply::kind::array || r.elements.size() < 2) return false;
    const auto& what = r.elements[0].text;
    if (what != "ssubscribe" && what != "sunsubscribe") return false;
    return on_confirmation(node, what == "ssubscribe", r.elements[1].text);
}

bool shard_subscriptions::on_confirmation(const node_address& node, bool join,
                                          const std::string& channel) {
    const auto up = nodes_.find(node);
    if (up == nodes_.end()) return false;
    auto& commands = up->second;
    const bool expected = !commands.empty() && commands.front().join == join &&
                          commands.front().channels[commands.front().answered] == channel;
    if (expected) {
        auto& front = commands.front();
        if (++front.answered == front.channels.size()) commands.pop_front();
        if (join)
            confirmed(node, channel);
        else
            left(channel);
        return true;
    }
    if (join) return false;
    // Unasked: the node has the channel's slot no more.
    doubt_ = true;
    const auto it = entries_.find(channel);
    if (it != entries_.end() && it->second.at == place::there && it->second.node == node)
        displace(channel, it->second);
    return true;
}

void shard_subscriptions::confirmed(const node_address& node, const std::string& channel) {
    const auto it = entries_.find(channel);
    if (it == entries_.end() || it->second.at != place::joining || it->second.node != node) return;
    set(it->second, true, place::there);
    confirmed_once_ = true;
    hops_ = 0;
}

bool shard_subscriptions::on_error(const node_address& node, const reply& r, time_point now) {
    const auto up = nodes_.find(node);
    if (up == nodes_.end()) return false;
    auto& commands = up->second;
    const auto to = redirection_of(r.text, node);
    const bool moved = to.what == redirection::kind::moved;
    if (!moved && to.what != redirection::kind::not_now) return false;
    doubt_ = true;
    // A SUNSUBSCRIBE that met the slot's leaving has been answered by the channel's end already.
    const bool stray = commands.empty() || commands.front().answered > 0 ||
                       (moved && slot_of(commands.front().channels.front()) != to.slot);
    if (stray) return moved;
    const auto refused = std::move(commands.front());
    commands.pop_front();
    const auto* const known = moved ? map_.master_of(to.slot) : nullptr;
    const bool news = moved && (known == nullptr || *known != to.to) && ++hops_ <= max_hops;
    if (moved) map_.move(to.slot, to.to);
    for (const auto& channel : refused.channels) {
        const auto it = entries_.find(channel);
        if (it == entries_.end() || it->second.node != node) continue;
        const auto awaited = refused.join ? place::joining : place::leaving;
        if (it->second.at != awaited) continue;
        left(channel);
        // Without news it would be asked the same again at once.
        if (refused.join && !news) {
            ready_.pop_back();
            parked_.push_back(channel);
        }
    }
    if (refused.join && !news && !retry_at_) retry_at_ = now + retry_.next();
    return true;
}

std::vector<shard_subscriptions::waiter> shard_subscriptions::take_due() {
    std::vector<waiter> due;
    while (!waiting_.empty() &&
           (unsettled_.empty() || waiting_.front().call < unsettled_.begin()->first)) {
        due.push_back(std::move(waiting_.front().done));
        waiting_.pop_front();
    }
    return due;
}

std::vector<shard_subscriptions::waiter> shard_subscriptions::take_all() {
    std::vector<waiter> all;
    for (auto& w : std::exchange(waiting_, {}))
        all.push_back(std::move(w.done));
    return all;
}

bool shard_subscriptions::take_lost() {
    return std::exchange(tell_lost_, false);
}

bool shard_subscriptions::take_restored() {
    if (!restoring_ || lost_ > 0) return false;
    restoring_ = false;
    return true;
}

bool shard_subscriptions::take_doubt() {
    return std::exchange(doubt_, false);
}

}  // namespace chat_gateway::redis
