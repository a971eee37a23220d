#pragma once

#include "client.hpp"
#include "reply.hpp"

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/log.hpp>
#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/chat/ports/message_bus.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What the buses over Redis have in common.
namespace chat_gateway::redis {

/// The namespace of this gateway's clients.
inline constexpr std::string_view bus_namespace = "/";

/// Answers once for several commands: the first error, if any.
class joint_answer {
public:
    joint_answer(std::size_t due, chat::message_bus::done_handler done)
        : due_(due), done_(std::move(done)) {}

    void add(const result<reply>& answer) {
        if (!answer && outcome_)
            outcome_ = answer.error();
        else if (answer && answer->is_error() && outcome_)
            outcome_ = errc::unavailable;
        if (--due_ == 0) done_(outcome_);
    }

private:
    std::size_t due_;
    chat::message_bus::done_handler done_;
    result<> outcome_;
};

/// Counts what cannot be read; the log says so once in a while.
class malformed_messages {
public:
    void note(std::string_view where, std::size_t bytes) {
        ++count_;
        const auto now = steady_clock::now();
        if (last_complaint_ && now - *last_complaint_ < std::chrono::seconds(1)) return;
        last_complaint_ = now;
        log::debug("malformed bus message dropped",
                   {{"channel", where}, {"bytes", bytes}, {"dropped_so_far", count_}});
    }
    [[nodiscard]] std::uint64_t count() const { return count_; }

private:
    std::uint64_t count_ = 0;
    std::optional<time_point> last_complaint_;
};

/// What a bus sends to itself, through Redis and back, to know that it hears, or what it hears.
template <class Answer>
class probes {
public:
    static constexpr std::size_t most = 64;
    using handler = unique_function<void(Answer)>;

    /// The id to send; `done` is told when it is back. With more under way than are of use, the
    /// oldest counts as lost.
    std::string open(handler done) {
        if (open_.size() == most) finish(open_.begin(), make_error_code(errc::timeout));
        return open_.emplace_back("probe-" + std::to_string(++last_), std::move(done)).first;
    }
    /// Whether it was one.
    bool take(std::string_view id, Answer answer = {}) {
        const auto found = std::ranges::find(open_, id, &probe::first);
        if (found == open_.end()) return false;
        finish(found, std::move(answer));
        return true;
    }
    /// One that could not be sent.
    void fail(std::string_view id, boost::system::error_code why) {
        const auto found = std::ranges::find(open_, id, &probe::first);
        if (found != open_.end()) finish(found, why);
    }
    /// What is on its way does not come.
    void fail_all() {
        while (!open_.empty())
            finish(open_.begin(), make_error_code(errc::unavailable));
    }

private:
    using probe = std::pair<std::string, handler>;
    void finish(typename std::deque<probe>::iterator at, Answer answer) {
        auto done = std::move(at->second);
        open_.erase(at);
        done(std::move(answer));
    }

    std::deque<probe> open_;
    std::uint64_t last_ = 0;
};
using bus_probes = probes<result<>>;

/// The others among those that hold a subscription, by what the masters said to PUBSUB NUMSUB or
/// SHARDNUMSUB of one channel: all but this one.
inline result<std::size_t> others_of(const result<std::vector<reply>>& answers) {
    const auto nodes = sum_of_subscribers(answers);
    if (!nodes) return nodes.error();
    return *nodes - std::min<std::size_t>(*nodes, 1);
}

}  // namespace chat_gateway::redis
