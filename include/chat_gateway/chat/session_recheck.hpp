#pragma once

#include <chat_gateway/base/scheduler.hpp>

#include <boost/unordered/unordered_flat_set.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace chat_gateway::chat {

/// A session of the back end, and the user it was of when its sockets came.
class login {
public:
    login(std::string_view user, std::string_view session)
        : user_size_(static_cast<std::uint32_t>(user.size())) {
        ids_.reserve(user.size() + session.size());  // many are kept, without slack
        ids_.append(user).append(session);
    }
    [[nodiscard]] std::string_view user() const {
        return std::string_view(ids_).substr(0, user_size_);
    }
    [[nodiscard]] std::string_view session() const {
        return std::string_view(ids_).substr(user_size_);
    }
    bool operator==(const login&) const = default;

private:
    std::string ids_;  ///< both, in one allocation
    std::uint32_t user_size_;
};
/// Shared by all that have to do with it, on whichever thread.
using login_ref = std::shared_ptr<const login>;

/// Which of the sessions with live sockets are to be read again, and when: each once in a period,
/// evenly spread, however many came at once. Pure; lives on the services loop.
class session_recheck {
public:
    struct options {
        steady_clock::duration period = std::chrono::seconds(30);
        std::size_t batch = 256;  ///< sessions that take_due() returns at most
        /// The time that everything is read in after catch_up().
        steady_clock::duration catch_up = std::chrono::seconds(2);
    };
    /// One that is due; `state` goes to current() with the answer.
    struct due {
        login_ref who;
        std::uint32_t state = 0;
    };

    explicit session_recheck(options o) : options_(o) {}

    /// Sockets of it are on one more shard; and on one less.
    void add(login_ref who, time_point now);
    void remove(const login& who);
    /// It has just been found valid by other means.
    void vouch(const login& who, time_point now);
    /// Those whose turn it is; called every interval(), for more as long as it returns a batch.
    [[nodiscard]] std::vector<due> take_due(time_point now);
    /// More were due than it has returned: it is not to wait for the next interval.
    [[nodiscard]] bool behind() const { return share_ >= 1; }
    /// Those of this session, now: it is said to be gone.
    [[nodiscard]] std::vector<due> take(std::string_view session, time_point now);
    /// Something may have been missed: all of them are due soon.
    void catch_up(time_point now);
    /// False: it is gone, or something is known of it that is newer than what was read.
    [[nodiscard]] bool current(const due& d) const;
    [[nodiscard]] steady_clock::duration interval() const;
    [[nodiscard]] std::size_t size() const { return order_.size(); }

private:
    struct entry {
        login_ref who;
        std::uint32_t shards = 1;
        std::uint32_t state = 0;
        time_point checked;
    };
    using place = std::list<entry>::iterator;
    struct by_name {
        using is_transparent = void;
        std::size_t operator()(std::string_view session) const {
            return std::hash<std::string_view>{}(session);
        }
        std::size_t operator()(place at) const { return (*this)(at->who->session()); }
    };
    struct same_name {
        using is_transparent = void;
        bool operator()(place a, place b) const { return a->who->session() == b->who->session(); }
        bool operator()(std::string_view session, place at) const {
            return session == at->who->session();
        }
        bool operator()(place at, std::string_view session) const { return (*this)(session, at); }
    };

    [[nodiscard]] std::optional<place> find(const login& who) const;
    void forget(place at);
    due pass(place at, time_point now);

    const options options_;
    std::list<entry> order_;  ///< by `checked`
    /// By their sessions, each session's first one; those of other users of one are `others_`.
    boost::unordered_flat_set<place, by_name, same_name> by_session_;
    std::unordered_multimap<std::string_view, place> others_;
    std::optional<time_point> caught_up_;
    time_point missed_until_{};  ///< who was checked before that is to be read soon
    std::optional<time_point> last_;
    double share_ = 0;  ///< of the sessions that are due, what was not taken yet
};

}  // namespace chat_gateway::chat
