#pragma once

#include "replay.hpp"

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/chat/ports/recovery_store.hpp>
#include <chat_gateway/gateway/hub.hpp>
#include <chat_gateway/gateway/metrics.hpp>
#include <chat_gateway/gateway/recovery.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace chat_gateway::gateway {

/// Connection State Recovery on any gateway of the cluster: sessions are kept outside from their
/// CONNECT on, so that a gateway may die without a word, and what a session missed is read from
/// what the bus has kept. Lives on the services loop.
class stored_recovery {
public:
    /// How long after its last keep() a live session is kept, beyond the window. Live sessions are
    /// kept anew every `refresh`.
    static constexpr std::chrono::seconds refresh{60};
    /// Puts and drops that may be under way: what else is asked of Redis must not wait for a storm
    /// of these.
    static constexpr std::size_t most_under_way = 2000;
    /// How long a client waits for this gateway to read what another one has given it.
    static constexpr std::chrono::seconds patience{5};

    using encode_function = replay::encode_function;
    using outcome = std::variant<resumption, recovery_failure>;
    using found = std::variant<suspended_session, recovery_failure>;
    /// Tells other gateways that these sessions, pid and user, have come back here.
    using announcement =
        unique_function<void(std::vector<std::pair<std::string, std::string>> returned)>;

    stored_recovery(scheduler& timers, chat::recovery_store& store, metrics_block& counts,
                    recovery_options o, encode_function encode, announcement announce);
    ~stored_recovery();
    stored_recovery(const stored_recovery&) = delete;
    stored_recovery& operator=(const stored_recovery&) = delete;

    /// A live one, as it is now. `first`: this connection keeps it for the first time.
    void keep(suspended_session s, bool first, unique_function<void(keep_result)> done);
    /// One whose connection was lost; nothing if another connection has it by now.
    void suspend(suspended_session s);
    /// One that was taken by a client that is gone again before it had it.
    void give_back(suspended_session s);
    /// One that nobody is to come back to. false: to be tried again.
    void drop(const suspended_session& s, unique_function<void(bool)> done);
    /// Calls `done` when nothing that is put or dropped waits for the store any more; now, if
    /// nothing does.
    void when_stored(unique_function<void()> done);
    /// All of that user from before now.
    void cut(const std::string& user);

    void find(const std::string& pid, const std::string& user, unique_function<void(found)> done);
    /// As hub::resume.
    void resume(socketio::recovery_claim claim, std::string user, std::vector<std::string> rooms,
                unique_function<void(outcome)> done);

    /// See message_bus::handlers; and each message as the shards get it.
    void on_reached(std::uint64_t position);
    void on_gap();
    void on_delivery(const std::shared_ptr<const delivery>& d);
    [[nodiscard]] std::uint64_t position() const { return position_; }

private:
    struct returning {
        suspended_session session;
        std::uint64_t floor;
        unique_function<void(outcome)> done;
    };
    struct early {
        std::uint64_t needs;  ///< a position that is not reached yet
        time_point until;
        returning who;
    };
    struct walk;
    void one_less_under_way();
    void put(const suspended_session& s, const std::string& value,
             chat::recovery_store::condition c, std::chrono::milliseconds ttl,
             unique_function<void(bool)> done);
    [[nodiscard]] bool is_busy() const { return under_way_ >= most_under_way; }
    void admit(returning r, std::uint64_t needs);
    void look_at_early();
    void on_taken(result<std::optional<std::string>> value, const std::string& offset,
                  const std::string& user, const std::vector<std::string>& rooms,
                  unique_function<void(outcome)> done);
    void begin_walk();
    void read_on(std::uint64_t from);
    void on_read(result<std::vector<chat::recovery_store::past>> read);
    void end_walk(bool whole);
    void announce(const suspended_session& s);
    void note_failure(const char* what, boost::system::error_code why);

    scheduler& timers_;
    chat::recovery_store& store_;
    metrics_block& counts_;
    const recovery_options options_;
    encode_function encode_;
    announcement announce_;
    std::uint64_t position_ = 0;
    std::optional<std::uint64_t> known_from_ = 0;  ///< none: a gap, and nothing reached since
    std::size_t under_way_ = 0;                    ///< sessions being put or dropped
    unique_function<void()> on_stored_;            ///< null: nobody waits for it
    std::deque<early> early_;
    scheduler::timer_id early_timer_ = 0;
    std::deque<returning> waiting_;  ///< for the next walk
    std::unique_ptr<walk> walk_;     ///< null: none is under way
    std::vector<std::pair<std::string, std::string>> returned_;
    scheduler::timer_id announce_timer_ = 0;
    std::shared_ptr<stored_recovery*> self_;  ///< the store may answer after the end
};

}  // namespace chat_gateway::gateway
