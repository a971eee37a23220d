#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/chat/ports/recovery_store.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::tests {

/// A recovery store in memory, which can be away and whose reads can wait. Sessions do not expire;
/// their time is noted.
class fake_recovery_store final : public chat::recovery_store {
public:
    explicit fake_recovery_store(scheduler& timers) : timers_(timers) {}

    void put(const std::string& pid, const std::string& value, condition c, milliseconds ttl,
             unique_function<void(result<bool>)> done) override {
        if (away) return fail(std::move(done));
        const auto there = sessions.find(pid);
        const bool absent = there == sessions.end();
        const bool ours = !absent && owned(there->second, value);
        const bool holds = c == condition::none || (c == condition::is_absent && absent) ||
                           (c == condition::is_owned && ours) ||
                           (c == condition::is_not_anothers && (absent || ours));
        if (holds) {
            sessions[pid] = value;
            last_ttl = ttl;
        }
        ++puts;
        later([done = std::move(done), holds]() mutable { done(holds); });
    }
    void look(const std::string& pid, value_handler handler) override {
        if (away) return fail(std::move(handler));
        const auto there = sessions.find(pid);
        std::optional<std::string> value;
        if (there != sessions.end()) value = there->second;
        later([handler = std::move(handler), value = std::move(value)]() mutable {
            handler(std::move(value));
        });
    }
    void take(const std::string& pid, value_handler handler) override {
        if (away) return fail(std::move(handler));
        look(pid, std::move(handler));
        sessions.erase(pid);
    }
    void drop(const std::string& pid, const std::string& owner, done_handler done) override {
        if (away) return fail(std::move(done));
        const auto there = sessions.find(pid);
        if (there != sessions.end() && owned(there->second, owner)) sessions.erase(there);
        later([done = std::move(done)]() mutable { done({}); });
    }
    void cut(const std::string& user, std::uint64_t position, milliseconds ttl,
             done_handler done) override {
        if (away) return fail(std::move(done));
        cuts[user] = std::max(cuts[user], position);
        last_ttl = ttl;
        later([done = std::move(done)]() mutable { done({}); });
    }
    void cut_of(const std::string& user,
                unique_function<void(result<std::uint64_t>)> handler) override {
        if (away) return fail(std::move(handler));
        const auto found = cuts.find(user);
        const std::uint64_t position = found == cuts.end() ? 0 : found->second;
        later([handler = std::move(handler), position]() mutable { handler(position); });
    }
    void read(std::uint64_t from, std::uint64_t to, std::size_t most,
              unique_function<void(result<std::vector<past>>)> handler) override {
        if (away) return fail(std::move(handler));
        ++reads;
        std::vector<past> out;
        for (const auto& p : kept) {
            if (p.position >= from && p.position <= to && out.size() < most) out.push_back(p);
        }
        auto answer = [handler = std::move(handler), out = std::move(out)]() mutable {
            handler(std::move(out));
        };
        if (holds_reads) {
            held.emplace_back(std::move(answer));
        } else {
            later(std::move(answer));
        }
    }

    bool away = false;
    bool holds_reads = false;
    std::vector<unique_function<void()>> held;
    std::map<std::string, std::string> sessions;  ///< by pid
    std::map<std::string, std::uint64_t> cuts;
    std::vector<past> kept;  ///< the messages
    milliseconds last_ttl{0};
    std::size_t puts = 0;
    std::size_t reads = 0;

private:
    static bool owned(const std::string& value, const std::string& by) {
        return value.substr(0, owner_size) == by.substr(0, owner_size);
    }
    void later(unique_function<void()> task) { timers_.after({}, std::move(task)); }
    template <class Handler>
    void fail(Handler handler) {
        later([handler = std::move(handler)]() mutable {
            handler({boost::system::in_place_error, make_error_code(errc::unavailable)});
        });
    }

    scheduler& timers_;
};

}  // namespace chat_gateway::tests
