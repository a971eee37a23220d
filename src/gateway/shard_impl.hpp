#pragma once

#include "chat_socket.hpp"
#include "handshake_gate.hpp"
#include "loop_lag.hpp"
#include "refused_sessions.hpp"
#include "user_registry.hpp"

#include <chat_gateway/gateway/shard.hpp>
#include <chat_gateway/socketio/acks.hpp>
#include <chat_gateway/socketio/packet.hpp>
#include <chat_gateway/socketio/room_index.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace chat_gateway::gateway {

using engineio::close_reason;
using server::wire_bytes;
using server::wire_ref;
using socketio::member_id;

inline constexpr std::string_view chat_namespace = "/";
/// What an admitted handshake carries to its session.
struct session_ticket final : server::admission_ticket {
    std::optional<chat::identity> who;  ///< nullopt: refused, and to be told at CONNECT
    std::unique_ptr<handshake_gate::pass> pass;
    std::unique_ptr<connection_limits::place> place;
    std::string client;  ///< see client_for_log
};

/// Permission questions of one socket that may be under way at a time.
inline constexpr std::uint8_t max_questions = 64;
/// Chats left that are remembered: while the list is late (whoever leaves more gets no list at
/// all), and for a recovery (whoever has left more is not recovered).
inline constexpr std::size_t max_left_remembered = 1000;

class shard::impl final : public server::engine_events {
public:
    impl(net::event_loop& loop, shard_options o, services& ask, metrics& counts)
        : loop_(loop),
          options_(std::move(o)),
          ask_(ask),
          counts_(counts.make_block()),
          gate_(options_.handshakes, counts_),
          engine_(loop, with_counts(options_.engine, counts), *this),
          lag_(loop, counts_) {
        // Behind the engine's, which writes.
        loop.at_end_of_tick([this] { note_fan_out(); });
    }

    void admit(const http::request& r, unique_function<void(server::admission)> decide) override;
    void on_refused(const http::request& r, server::refused_handshake why) override;
    void on_open(slot_handle session, const public_id& sid,
                 std::unique_ptr<server::admission_ticket> ticket,
                 engineio::transport via) override;
    void on_message(slot_handle session, std::string_view data, bool binary) override;
    void on_upgrade(slot_handle session) override;
    void on_close(slot_handle session, close_reason reason) override;

    void deliver(const delivery_batch& batch);
    void let_go(const std::string& pid, const std::string& user);
    std::size_t disconnect_user(const std::string& user, const std::optional<std::string>& session);
    [[nodiscard]] std::vector<user_socket> sockets_of_user(const std::string& user) const;
    [[nodiscard]] std::optional<std::size_t> add_stats(std::size_t from, std::size_t most,
                                                       connection_stats& sum) const;
    [[nodiscard]] std::vector<std::string> users_of(const std::vector<std::uint64_t>& hashes) const;
    [[nodiscard]] std::vector<room_figures> figures_of(const std::vector<std::string>& rooms);
    void reached(std::uint64_t position) { position_ = std::max(position_, position); }
    void lost_messages();
    using answer_function = unique_function<void(socketio::cluster::response)>;
    void on_request(socketio::cluster::request r, answer_function answer);

    net::event_loop& loop_;
    shard_options options_;
    services& ask_;
    metrics_block& counts_;
    handshake_gate gate_;
    server::engine engine_;
    loop_lag lag_;
    bool draining_ = false;
    std::vector<slot_handle> leaving_;  ///< in a drain: those to be closed next, from the back
    drain_state close_some(std::size_t most);
    void set_limits(shard_limits l);

private:
    chat_socket* find(slot_handle session) {
        if (session.index >= sockets_.size()) return nullptr;
        chat_socket* s = sockets_[session.index].get();
        return s && s->session == session ? s : nullptr;
    }
    /// The same, if it still is in the namespace connection that a question was asked for.
    chat_socket* find(slot_handle session, std::uint32_t life) {
        chat_socket* s = find(session);
        return s && s->life == life ? s : nullptr;
    }

    // shard_refusal.cpp: who may not be here
    /// Where a handshake comes from, for lines at debug: empty if there are none.
    [[nodiscard]] std::string client_for_log(const http::request& r) const;
    /// `user`: empty if it is not known whose it would have been.
    static void log_refusal(std::string_view reason, std::string_view client,
                            std::string_view user = {});
    static void log_put_off(const chat::unavailable& down, std::string_view client);
    /// How the client is told: by HTTP, or by CONNECT's answer if the decision is a ticket.
    [[nodiscard]] server::admission refuse(const chat::refused& r, std::string_view client,
                                           std::unique_ptr<connection_limits::place> place);
    void open_refused(slot_handle session, std::unique_ptr<connection_limits::place> place,
                      engineio::transport via);
    void answer_refused(slot_handle session, std::string_view data, bool binary);
    void upgrade_refused(refused_sessions::entry& e);
    void close_refused(const refused_sessions::entry& e, close_reason reason);
    /// Of any session, whoever's it is.
    void count_closed(bool websocket, close_reason reason, std::chrono::seconds open);

    // shard_limits.cpp: too many
    /// A handshake's place; or it is refused, and the refusal is the answer.
    [[nodiscard]] std::variant<std::unique_ptr<connection_limits::place>, http::response>
    find_place(const http::request& r, std::string_view client, time_point now);
    [[nodiscard]] http::response refuse_for(limit_met l, std::string_view client,
                                            std::string_view user = {});
    /// False: the event is dropped; the socket may be gone.
    [[nodiscard]] bool may_send_event(chat_socket& s);

    // shard.cpp: from the engine to the protocol and back
    http::response put_off(handshake_gate::verdict why, std::string_view client, time_point now);
    void run(slot_handle session, std::vector<socketio::client_action> actions);
    void on_action(chat_socket& s, socketio::connect_request&& r);
    void on_action(chat_socket& s, socketio::client_event&& e);
    void on_action(chat_socket& s, socketio::client_ack&& a);
    void on_action(chat_socket& s, socketio::client_left&& l);
    void on_action(chat_socket& s, const socketio::protocol_error& e);

    /// `missed`: of a session that has come back.
    void try_connect(chat_socket& s, const delivery_batch& missed = {});
    void leave_everything(chat_socket& s);
    void send(const chat_socket& s, std::string_view text) {
        engine_.send(s.session, wire_ref(wire_bytes::message(text)));
    }
    void acknowledge(const chat_socket& s, const std::string& id) {
        if (!id.empty()) send(s, socketio::ack_packet(chat_namespace, id, "[]"));
    }

    // shard_rooms.cpp: chat lists, joins and leaves
    void load_chats(chat_socket& s);
    void on_chats(chat_socket& s, result<std::vector<std::string>> chats);
    void rooms_ready(slot_handle session, std::uint32_t life, bool confirmed);
    /// Joins at once and calls done(true) when the bus has confirmed all, or done(false) at the
    /// deadline.
    /// `since`: the position at which a server has ordered it, if the bus tells.
    void enter_rooms(chat_socket& s, const std::vector<std::string>& rooms,
                     unique_function<void(bool)> done, std::uint64_t since = 0);
    void note_position(chat_socket& s, const std::vector<std::string>& rooms,
                       std::uint64_t position);
    void leave_rooms(chat_socket& s, const std::vector<std::string>& rooms);
    void join_asked(chat_socket& s, std::string chat, std::string ack);
    void join_answered(chat_socket& s, const std::string& chat, std::string ack,
                       result<bool> allowed);
    /// Tells of a join that is denied, and acknowledges it.
    void join_failed(const chat_socket& s, const std::string& chat, const std::string& ack,
                     std::string_view why);
    void enter_room(chat_socket& s, const std::string& chat, std::string ack);
    void leave_asked(chat_socket& s, const std::string& chat);
    static void remember_left(chat_socket& s, const std::string& chat);
    /// Whether it was in it.
    bool leave_room(chat_socket& s, const std::string& chat);

    // shard_recovery.cpp: sessions that outlive their connection
    [[nodiscard]] bool recoverable(const chat_socket& s, close_reason reason) const;
    [[nodiscard]] suspended_session state_of(const chat_socket& s) const;
    void begin_return(chat_socket& s, socketio::recovery_claim claim);
    void go_on_returning(chat_socket& s);
    void check_rooms(chat_socket& s);
    void ask_for_extra_rooms(chat_socket& s, const std::vector<std::string>& rooms);
    void ask_whether_chat(chat_socket& s, const std::string& room);
    void extra_room_answered(chat_socket& s, const std::string& room, result<bool> may);
    void enter_returning_rooms(chat_socket& s);
    void resume(chat_socket& s);
    void arrived(chat_socket& s, resumption r);
    void send_missed(const chat_socket& s, const delivery_batch& missed);
    void give_up_return(chat_socket& s, recovery_failure why);

    // shard_keeping.cpp: sessions that outlive this gateway
    void keep(chat_socket& s);
    void keep_now(chat_socket& s);
    void keep_later(const chat_socket& s);
    void keep_on_time();
    void stop_keeping(const chat_socket& s);
    void drop_kept(suspended_session gone);
    void note_given(member_id m, std::uint64_t position) {
        if (!kept_.empty()) kept_[m].given = position;
    }

    // shard_rights.cpp: whose the sockets are
    void enter_user(chat_socket& s, const chat::identity& who);
    void leave_user(const chat_socket& s, close_reason reason);

    // shard_delivery.cpp: from the bus to the sockets
    static server::engine_options with_counts(server::engine_options o, metrics& all) {
        o.counts = &all.make_engine_counts();
        return o;
    }
    void note_fan_out();
    void deliver(const delivery& d);
    void count_sent(const delivery& d);
    std::vector<member_id> targets_of(const std::vector<std::string>& rooms,
                                      const std::vector<std::string>& except);
    chat_socket* socket_named(std::string_view name);

    // shard_cluster.cpp: what other nodes ask
    /// `entering`: sockets whose CONNECT is not answered yet as well.
    [[nodiscard]] std::vector<chat_socket*> selected(const socketio::cluster::selection& to,
                                                     bool entering = false);
    [[nodiscard]] std::vector<std::string> all_rooms() const;
    [[nodiscard]] bool is_here_for_good(chat_socket& s);
    void join_by_order(chat_socket& s, const std::vector<std::string>& rooms, std::uint64_t since);
    [[nodiscard]] static std::vector<std::string> without_left(const chat_socket& s,
                                                               std::vector<std::string> rooms);
    void leave_by_order(chat_socket& s, const std::vector<std::string>& rooms);
    /// `41`, on which the stock client stays away, and then perhaps the end of the connection.
    void send_away(chat_socket& s, bool close);
    [[nodiscard]] socketio::cluster::remote_socket description_of(const chat_socket& s) const;
    void broadcast_with_acks(const socketio::cluster::request& r, answer_function answer);
    void arm_acks();

    std::vector<std::unique_ptr<chat_socket>>
        sockets_;  ///< by session index, which is the member id
    /// By session index, the generation of the session whose socket gets messages; 0: none does.
    /// A recipient's chat_socket, which is not in the cache, need not be looked at.
    std::vector<std::uint32_t> connected_;
    refused_sessions refused_;  ///< which are no chat_sockets
    socketio::room_index rooms_;
    user_registry users_;
    struct bus_read {
        time_point at;
        std::size_t messages;
    };
    std::vector<bus_read> reads_;  ///< whose messages leave at the end of this tick
    std::uint64_t cuts_ = 0;       ///< how often sockets were sent away for good
    struct {
        std::optional<time_point> last;  ///< at which it was said
        std::uint64_t since_then = 0;    ///< that many more
    } put_off_;
    socketio::acks acks_;
    bool acks_armed_ = false;
    std::uint64_t position_ = 0;  ///< of the last message that came here, in the packet log
    std::unordered_map<std::string, slot_handle>
        recovered_;  ///< by pid, whose text names another place

    /// What is kept of a socket where other gateways find it.
    struct keeping {
        std::uint64_t given = 0;  ///< position of the last message that it got
        bool kept = false;
        bool late = false;  ///< what is kept is not how it is
    };
    std::vector<keeping> kept_;  ///< by session index; empty if nothing is to be kept
    std::vector<slot_handle> late_;
    std::vector<suspended_session> undropped_;
    std::size_t next_kept_ = 0;  ///< the next one whose time it is
    bool keeps_ = false;
};

}  // namespace chat_gateway::gateway
