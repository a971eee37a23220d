#pragma once

#include <chat_gateway/chat/authenticator.hpp>
#include <chat_gateway/chat/membership.hpp>
#include <chat_gateway/chat/ports/bus_marks.hpp>
#include <chat_gateway/chat/ports/change_history.hpp>
#include <chat_gateway/chat/ports/recovery_store.hpp>
#include <chat_gateway/chat/session_recheck.hpp>
#include <chat_gateway/gateway/cluster.hpp>
#include <chat_gateway/gateway/hub.hpp>
#include <chat_gateway/gateway/metrics.hpp>
#include <chat_gateway/net/event_loop.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace chat_gateway::gateway {

class bus_watch;
class gap_healer;
class permission_questions;
class rights_check;
class user_counts;
class stored_recovery;

/// One socket of a user, for whoever asks.
struct user_socket {
    std::optional<std::string> id;  ///< socket.id; none before CONNECT is answered
    unsigned shard = 0;
    bool connected = false;  ///< to the namespace
    bool websocket = false;
    std::chrono::seconds age{};
    std::size_t rooms = 0;
};

/// What goes on in one room, on a shard or all of them.
struct room_figures {
    std::uint64_t members = 0;
    std::uint64_t messages_in = 0;   ///< from the bus
    std::uint64_t messages_out = 0;  ///< to sockets
    std::uint64_t joins = 0;
    std::uint64_t leaves = 0;  ///< memberships that ended before their connection did
    std::uint64_t denials = 0;
};
struct named_room {
    std::string name;
    room_figures figures;
};

/// The connections of a shard, or of all of them, or of what a walk over them has seen so far.
struct connection_stats {
    std::size_t connections = 0;
    std::size_t websockets = 0;   ///< of them
    std::chrono::seconds open{};  ///< all of them, summed
    std::chrono::seconds longest{};
    connection_stats& operator+=(const connection_stats& other);
};
/// Who is on this gateway.
struct gateway_stats {
    connection_stats all;
    std::size_t users = 0;
    /// Those with the most connections, and how many; whoever has left meanwhile is left out.
    std::vector<std::pair<std::string, std::size_t>> most_connected;
};

/// The stores and the bus behind one loop, and the way for shards to ask them. Every public
/// function may be called from any shard's thread; the handler then runs on that shard's loop. What
/// is asked behind its end is not answered.
class services {
public:
    /// Bytes of messages that may wait in a shard's mailbox: above it the bus is paused, until half
    /// of it is left. A healthy loop has less than a read's worth there; this is more than 100 ms
    /// of work, and Redis can keep as much on its side (client-output-buffer-limit, by default 32
    /// MB).
    static constexpr std::size_t max_undelivered = std::size_t{16} << 20;

    /// What the ports stand on, for readiness.
    struct store_names {
        std::string sessions;
        std::string directory;
        std::string bus;
    };
    /// The ports live on `loop` and outlive this. Both are used there only.
    services(net::event_loop& loop, chat::session_store& sessions, chat::chat_directory& directory,
             chat::message_bus& bus, store_names names, chat::authenticator::options authentication,
             recovery_options recovery, metrics& counts);
    ~services();

    /// What a shard is called for, on its loop.
    struct shard_calls {
        unique_function<void(delivery_batch)> deliver;
        /// The socket with that pid, if it is here and that user's, loses its connection now: its
        /// client has come back by another one.
        unique_function<void(const std::string& pid, const std::string& user)> let_go;
        /// A node of the cluster asks. `answer` is called once; to a broadcast with the count of
        /// its receivers first, and then with each of their acks.
        unique_function<void(socketio::cluster::request,
                             unique_function<void(socketio::cluster::response)> answer)>
            on_request;
        /// Sends away the user's sockets; only those of one session, if one is given. Returns how
        /// many there were.
        unique_function<std::size_t(const std::string& user,
                                    const std::optional<std::string>& session)>
            disconnect_user;
        unique_function<std::vector<user_socket>(const std::string& user)> sockets_of_user;
        /// Adds `most` of its connections from `from` on; where the next call goes on, or nothing
        /// at the end.
        unique_function<std::optional<std::size_t>(std::size_t from, std::size_t most,
                                                   connection_stats& sum)>
            add_stats;
        /// In the order of the hashes; empty: nobody of it here.
        unique_function<std::vector<std::string>(const std::vector<std::uint64_t>& hashes)>
            users_of;
        unique_function<std::vector<room_figures>(const std::vector<std::string>& rooms)>
            figures_of;
        /// Everything that the bus brought for this shard up to this position was delivered.
        unique_function<void(std::uint64_t position)> reached;
        /// Messages may be missing that its sockets should have got: none of them can be recovered.
        unique_function<void()> lost_messages;
    };
    /// How often the sessions of live sockets are read again; 0: never. Before start().
    void set_recheck(std::chrono::milliseconds period) { recheck_ = period; }
    /// Sessions are kept there, for any gateway; on a bus that keeps its messages. Before start().
    void set_recovery_store(chat::recovery_store& store) { recovery_store_ = &store; }
    /// On the services loop: calls `done` when the store has all sessions that shards have given it
    /// so far; at once if there is none.
    void when_stored(unique_function<void()> done);
    /// Gaps of the bus are healed from there, as far as an outbox publishes on it. Before start().
    void set_outbox(chat::bus_marks& marks, chat::change_history& history) {
        marks_ = &marks;
        history_ = &history;
    }
    /// What other nodes ask of the gateway as a whole; see cluster::serve. Before start().
    void set_questions(gateway::cluster::own_function take) { questions_ = std::move(take); }
    /// Before the loops run.
    void add_shard(net::event_loop& shard, shard_calls calls);
    void start();

    /// Those that verify session cookies from now on. Services loop only.
    void set_secrets(std::vector<std::string> secrets) {
        authenticator_.set_secrets(std::move(secrets));
    }
    void authenticate(net::event_loop& from, std::optional<std::string> cookie,
                      unique_function<void(chat::verdict)> handler);

    /// See chat::membership: once, or twice if the list came late. The id is for cancel_load.
    using load_id = std::uint64_t;
    load_id load_chats(net::event_loop& from, std::string user,
                       unique_function<void(result<std::vector<std::string>>)> handler);
    void cancel_load(load_id id);
    /// See permission_questions.
    void can_view_chat(net::event_loop& from, std::string user, std::string chat,
                       unique_function<void(result<bool>)> handler);
    void is_no_chat(net::event_loop& from, std::string name,
                    unique_function<void(result<bool>)> handler);

    /// See hub.
    void acquire(net::event_loop& from, unsigned shard, std::vector<std::string> taken,
                 unique_function<void(std::uint64_t position)> done);
    void release(unsigned shard, std::vector<left_room> rooms);

    /// The first socket of a session is on a shard, and the last one has gone from it.
    void session_begins(chat::login_ref who);
    void session_ends(chat::login_ref who);
    /// A connection of the user's begins, and ends; `lost`: though neither side had wanted it to.
    void user_enters(std::string_view user);
    void user_leaves(std::string_view user, bool lost);
    /// Sends away all sockets of a user on all shards: `41`, on which the stock client stays away,
    /// and the end. None of them can come back as what it was, nor can one that has lost its
    /// connection before. Services loop only; `done` is told how many were connected.
    void disconnect_user(const std::string& user, unique_function<void(std::size_t)> done);
    /// Services loop only.
    void sockets_of_user(const std::string& user,
                         unique_function<void(std::vector<user_socket>)> done);
    /// A join of that chat was asked for and refused.
    void note_denial(std::string chat);
    /// The rooms that the bus brought the most messages for, busiest first; sockets' own rooms are
    /// none. Services loop only.
    void busiest_rooms(std::size_t most, unique_function<void(std::vector<named_room>)> done);
    /// What goes on in these, in their order. Services loop only.
    void figures_of(std::vector<std::string> rooms,
                    unique_function<void(std::vector<named_room>)> done);
    /// With at most so many users by name. Services loop only.
    void stats(std::size_t most_users, unique_function<void(gateway_stats)> done);

    /// Keeps a session for its client to come back. Its rooms are released behind this call.
    void suspend(suspended_session s);
    /// The suspended session of that pid and user; one whose old connection is still open on some
    /// shard is parted from it first.
    using found_session = std::variant<suspended_session, recovery_failure>;
    void find_suspended(net::event_loop& from, std::string pid, std::string user,
                        unique_function<void(found_session)> handler);
    /// One that was resumed by a client that is gone again.
    void give_back(suspended_session s);
    /// See hub::resume. Whatever the bus brought before it has reached the shard when the handler
    /// runs, and what it brings later comes later.
    void resume(net::event_loop& from, socketio::recovery_claim claim, std::string user,
                std::vector<std::string> rooms,
                unique_function<void(std::variant<resumption, recovery_failure>)> handler);
    [[nodiscard]] bool recovers() const { return recovery_.on(); }

    /// Whether live sessions are to be kept as well, for the case that this gateway dies.
    [[nodiscard]] bool keeps_sessions() const { return recovers() && recovery_store_; }
    /// How often, each of them.
    static constexpr std::chrono::seconds keep_interval{60};
    /// `first`: this connection's session for the first time.
    void keep_session(net::event_loop& from, suspended_session s, bool first,
                      unique_function<void(keep_result)> handler);
    /// Nobody is to come back to it. false: it may still be there.
    void drop_session(net::event_loop& from, suspended_session s,
                      unique_function<void(bool)> handler);
    /// Names a connection among those of all gateways: 20 characters.
    [[nodiscard]] std::string owner_of(unsigned shard, slot_handle session) const;
    /// Up to here the bus has been read; 0 if it keeps nothing.
    [[nodiscard]] std::uint64_t bus_position() const {
        return bus_position_.load(std::memory_order_relaxed);
    }

    /// Services loop only.
    [[nodiscard]] gateway::hub& hub() { return *hub_; }
    [[nodiscard]] gateway::cluster& cluster() { return *cluster_; }
    [[nodiscard]] chat::session_store& sessions() { return sessions_; }
    [[nodiscard]] chat::chat_directory& directory() { return directory_; }
    [[nodiscard]] chat::message_bus& bus() { return bus_; }
    [[nodiscard]] net::event_loop& loop() { return loop_; }
    [[nodiscard]] const store_names& stores() const { return names_; }

private:
    struct shard_door {
        net::event_loop* loop;
        std::shared_ptr<shard_calls> calls;
        /// Of the messages in its mailbox.
        std::unique_ptr<std::atomic<std::size_t>> undelivered;
    };
    void deliver(unsigned shard, delivery_batch batch);
    void ask_shard(unsigned shard, std::shared_ptr<shard_request> r);
    void note_delivered(const shard_door& door, std::size_t bytes);
    void pause_bus(std::size_t undelivered);
    void resume_bus();
    [[nodiscard]] found_session suspended(const std::string& pid, const std::string& user) const;
    void start_recovery();
    void start_healer();
    void on_messages(std::vector<socketio::cluster::message> messages);
    void on_request(socketio::cluster::request r);
    void on_gap();
    [[nodiscard]] bool take_returned(const socketio::cluster::request& r);
    void tell_returned(std::vector<std::pair<std::string, std::string>> sessions);
    void tell_position();
    void part_from_connection(const std::string& pid, const std::string& user,
                              unique_function<void()> done);
    [[nodiscard]] bool take_own(const socketio::cluster::request& r,
                                unique_function<void(socketio::cluster::response)>& answer);
    void cut(const chat::login_ref& who, std::string_view why);
    struct stats_walk;
    void walk_on(std::size_t shard, std::size_t from, connection_stats so_far,
                 std::shared_ptr<stats_walk> walk);
    void name_users(std::shared_ptr<stats_walk> walk);
    template <class T, class Ask>
    void ask_all(Ask ask, unique_function<void(std::vector<T>)> done);

    net::event_loop& loop_;
    chat::session_store& sessions_;
    chat::chat_directory& directory_;
    chat::message_bus& bus_;
    store_names names_;
    const recovery_options recovery_;
    metrics_block& counts_;
    chat::authenticator authenticator_;
    chat::membership membership_;
    std::vector<shard_door> shards_;
    std::unique_ptr<gateway::hub> hub_;
    chat::recovery_store* recovery_store_ = nullptr;
    std::unique_ptr<stored_recovery> stored_;  ///< with a recovery store
    std::string epoch_;                        ///< of this process, among all gateways
    std::atomic<std::uint64_t> bus_position_{0};
    std::uint64_t position_told_ = 0;  ///< to the shards
    std::unique_ptr<gateway::cluster> cluster_;
    std::unique_ptr<bus_watch> watch_;
    chat::bus_marks* marks_ = nullptr;
    chat::change_history* history_ = nullptr;
    std::unique_ptr<gap_healer> healer_;  ///< with these
    const std::string user_pointer_;
    std::chrono::milliseconds recheck_{0};
    gateway::cluster::own_function questions_;
    std::unique_ptr<rights_check> rights_;
    std::unique_ptr<user_counts> users_;
    std::unique_ptr<permission_questions> permissions_;
    bool bus_paused_ = false;  ///< services loop only
    std::atomic<load_id> next_load_{1};
    std::unordered_map<load_id, chat::membership::load_id> loads_;  ///< services loop only
};

}  // namespace chat_gateway::gateway
