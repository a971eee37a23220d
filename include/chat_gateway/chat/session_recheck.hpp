#pragma once

#include <chat_gateway/base/scheduler.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace chat_gateway::chat {

/// A session of the back end, and the user it was of when its sockets came.
struct login {
    std::string user;
    std::string session;
    bool operator==(const login&) const = default;
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

    [[nodiscard]] std::optional<place> find(const login& who) const;
    due pass(place at, time_point now);

    const options options_;
    std::list<entry> order_;  ///< by `checked`
    std::unordered_multimap<std::string_view, place> by_session_;
    std::optional<time_point> caught_up_;
    time_point missed_until_{};  ///< who was checked before that is to be read soon
    std::optional<time_point> last_;
    double share_ = 0;  ///< of the sessions that are due, what was not taken yet
};

}  // namespace chat_gateway::chat
