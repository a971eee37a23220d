#include "subscriptions.hpp"

#include "reply.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace chat_gateway::redis {

std::string subscriptions::subscribe(const std::vector<std::string>& channels, waiter done,
                                     waiter& refused) {
    std::vector<std::string_view> fresh;
    for (const auto& channel : channels) {
        if (wanted_.try_emplace(channel).second) fresh.push_back(channel);
    }
    auto commands = connected_ ? ask(sharded_ ? "SSUBSCRIBE" : "SUBSCRIBE", fresh) : std::string();
    if (waiting_.size() < max_waiting)
        waiting_.push_back({asked_, std::move(done)});
    else
        refused = std::move(done);
    return commands;
}

std::string subscriptions::unsubscribe(const std::vector<std::string>& channels) {
    std::vector<std::string_view> gone;
    for (const auto& channel : channels) {
        if (wanted_.erase(channel)) gone.push_back(channel);
    }
    return connected_ ? ask(sharded_ ? "SUNSUBSCRIBE" : "UNSUBSCRIBE", gone) : std::string();
}

std::string subscriptions::on_connected() {
    connected_ = true;
    asked_ = 0;
    confirmed_ = 0;
    std::string commands;
    if (!pattern_.empty()) commands = ask("PSUBSCRIBE", {pattern_});
    std::vector<std::string_view> channels;
    channels.reserve(wanted_.size());
    wanted_.for_each([&channels](const auto& channel) { channels.push_back(channel.key()); });
    commands += ask(sharded_ ? "SSUBSCRIBE" : "SUBSCRIBE", channels);
    for (auto& w : waiting_)
        w.mark = asked_;
    restored_at_ = asked_;
    restoring_ = true;
    return commands;
}

bool subscriptions::take_restored() {
    if (!connected_ || !restoring_ || confirmed_ < restored_at_) return false;
    restoring_ = false;
    return true;
}

void subscriptions::on_disconnected() {
    connected_ = false;
}

bool subscriptions::on_confirmed() {
    if (confirmed_ == asked_) return false;
    ++confirmed_;
    return true;
}

std::vector<subscriptions::waiter> subscriptions::take_due() {
    std::vector<waiter> due;
    while (connected_ && !waiting_.empty() && waiting_.front().mark <= confirmed_) {
        due.push_back(std::move(waiting_.front().done));
        waiting_.pop_front();
    }
    return due;
}

std::vector<subscriptions::waiter> subscriptions::take_all() {
    std::vector<waiter> all;
    for (auto& w : std::exchange(waiting_, {}))
        all.push_back(std::move(w.done));
    return all;
}

std::string subscriptions::ask(std::string_view verb,
                               const std::vector<std::string_view>& channels) {
    std::string commands;
    std::span<const std::string_view> left(channels);
    while (!left.empty()) {
        const auto batch = left.first(std::min(left.size(), max_batch));
        left = left.subspan(batch.size());
        std::vector<std::string_view> words{verb};
        words.insert(words.end(), batch.begin(), batch.end());
        append_command(commands, words);
    }
    asked_ += channels.size();
    return commands;
}

}  // namespace chat_gateway::redis
