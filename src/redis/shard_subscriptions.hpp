#pragma once

#include "cluster_slots.hpp"
#include "reply.hpp"

#include <chat_gateway/base/backoff.hpp>
#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/base/unique_function.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace chat_gateway::redis {

/// Which sharded channels are wanted, at which node of a Redis Cluster each is subscribed to, and
/// who waits until all are in force. Pure: is told what happens, and says what is to be sent. A
/// channel is at one node at a time, and stays there until the node has given it up or is gone: a
/// node that loses a slot tells its subscribers so, behind all that it has sent them, while a map
/// may come from one that has not heard the news.
class shard_subscriptions {
public:
    using waiter = unique_function<void(result<>)>;
    static constexpr std::size_t max_batch = 500;        ///< channels of one command, of one slot
    static constexpr std::size_t max_waiting = 200'000;  ///< waiters, in an outage
    static constexpr unsigned max_hops = 5;  ///< redirections that are followed without a pause

    explicit shard_subscriptions(backoff retry) : retry_(retry) {}

    /// The waiter is due when everything wanted so far is in force. Beyond max_waiting it is given
    /// back in `refused`.
    void subscribe(std::vector<std::string> channels, waiter done, waiter& refused);
    void unsubscribe(const std::vector<std::string>& channels);

    /// A map, for channels that are at no node.
    void use(const slot_map& map);
    /// A connection to this node has come, with nothing subscribed to.
    void on_up(const node_address& node);
    void on_down(const node_address& node);
    /// What a node says: confirmations, slots that it has no more, refusals. False: it cannot be
    /// understood, and the connection is of no use any more.
    [[nodiscard]] bool on_reply(const node_address& node, const reply& r, time_point now);

    struct command {
        node_address at;
        std::string bytes;
    };
    /// What is to be sent now. Look at it after each call.
    std::vector<command> take_commands(time_point now);
    /// When take_commands() has something to say again, by itself.
    [[nodiscard]] std::optional<time_point> next_attempt() const { return retry_at_; }

    std::vector<waiter> take_due();
    std::vector<waiter> take_all();
    /// True once after channels that were in force have been lost.
    [[nodiscard]] bool take_lost();
    /// True once when all of those are in force again.
    [[nodiscard]] bool take_restored();
    /// True once after something has shown that the map is not right.
    [[nodiscard]] bool take_doubt();
    /// Whether a channel is, or may be, at this node.
    [[nodiscard]] bool holds(const node_address& node) const;
    /// Whether everything that was in force once is so now.
    [[nodiscard]] bool is_whole() const { return confirmed_once_ && lost_ == 0; }

private:
    enum class place : std::uint8_t { nowhere, joining, there, leaving };
    struct entry {
        bool wanted = true;
        place at = place::nowhere;
        node_address node{};      ///< unless nowhere
        std::uint64_t since = 0;  ///< the call that last wanted it, or not
        bool lost = false;        ///< was in force, is wanted, and is not yet again
    };
    using entries = std::unordered_map<std::string, entry>;
    /// One command that a node has not answered to the end.
    struct asked {
        bool join;
        std::vector<std::string> channels;
        std::size_t answered = 0;
    };

    [[nodiscard]] static bool settled(const entry& e) { return e.wanted && e.at == place::there; }
    void set(entry& e, bool wanted, place at);
    void forget(entries::iterator it);
    void displace(const std::string& channel, entry& e);
    void leave(const std::string& channel, entry& e);
    void join_ready();
    void unpark();
    void ask(const node_address& node, bool join, std::vector<std::string> channels);
    void confirmed(const node_address& node, const std::string& channel);
    void left(const std::string& channel);
    [[nodiscard]] bool on_confirmation(const node_address& node, bool join,
                                       const std::string& channel);
    [[nodiscard]] bool on_error(const node_address& node, const reply& r, time_point now);

    backoff retry_;
    slot_map map_;
    entries entries_;
    std::map<node_address, std::deque<asked>> nodes_;  ///< those that are up
    std::vector<std::string> ready_;   ///< nowhere; to be placed now, if they still are
    std::vector<std::string> parked_;  ///< nowhere; for when there is a node, a map, or a retry
    std::map<node_address, std::vector<std::string>> leaving_;  ///< to be told to the node
    std::vector<command> commands_;

    std::uint64_t calls_ = 0;
    std::map<std::uint64_t, std::size_t> unsettled_;  ///< entries by `since`
    struct waiting {
        std::uint64_t call;
        waiter done;
    };
    std::deque<waiting> waiting_;  ///< by call
    std::size_t lost_ = 0;
    unsigned hops_ = 0;  ///< redirections since a channel was last confirmed
    bool confirmed_once_ = false;
    bool tell_lost_ = false;
    bool restoring_ = false;
    bool doubt_ = false;
    std::optional<time_point> retry_at_;
};

}  // namespace chat_gateway::redis
