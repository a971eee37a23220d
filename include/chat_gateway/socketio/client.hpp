#pragma once

#include <chat_gateway/socketio/packet.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace chat_gateway::socketio {

/// What a message from a client asks of the server.
struct connect_request {
    std::string nsp;
    std::string auth = {};  ///< the CONNECT payload, JSON object text; empty if none
    bool operator==(const connect_request&) const = default;
};
struct client_event {
    std::string nsp;
    std::string name;
    std::string args;     ///< JSON array text without the name
    std::string id = {};  ///< of the ack asked for; empty: none
    std::vector<std::string> attachments = {};
    bool operator==(const client_event&) const = default;
};
struct client_ack {
    std::string nsp;
    std::string id;
    std::string args;  ///< JSON array text
    std::vector<std::string> attachments = {};
    bool operator==(const client_ack&) const = default;
};
/// The client left a namespace that it was in, or was about to be in.
struct client_left {
    std::string nsp;
    bool operator==(const client_left&) const = default;
};
/// Close the connection; nothing further comes of it.
struct protocol_error {
    std::string_view what;  ///< for the log
    bool operator==(const protocol_error&) const = default;
};
using client_action =
    std::variant<connect_request, client_event, client_ack, client_left, protocol_error>;
/// For tests and traces; shows what the client sent, so not for the log.
std::ostream& operator<<(std::ostream& out, const client_action& a);

/// The namespaces of one Engine.IO session: which are asked for, joined, left. Pure; owned by the
/// session, same thread.
///
/// A packet for a namespace whose CONNECT is not answered yet waits for the answer (Node closes the
/// connection; at most max_waiting packets and max_waiting_bytes, then protocol_error); one for a
/// namespace that was not asked for, is refused, or is left, is a protocol_error, except what may
/// still be on the way after the *server* ended the namespace (leave()): those are dropped. A
/// second CONNECT to a joined or pending namespace is a protocol_error. At most max_namespaces are
/// asked for or joined at a time. An ack without an id answers nothing and is dropped. After a
/// protocol_error every call returns nothing.
class client {
public:
    static constexpr std::size_t max_waiting = 64;
    static constexpr std::size_t max_waiting_bytes = 64 * 1024;
    static constexpr std::size_t max_namespaces = 16;

    [[nodiscard]] std::vector<client_action> on_text(std::string_view text);
    [[nodiscard]] std::vector<client_action> on_binary(std::string_view bytes);

    /// The application's answers to a connect_request. accept() returns what waited for it, in
    /// order.
    [[nodiscard]] std::vector<client_action> accept(std::string_view nsp);
    void refuse(std::string_view nsp);
    /// The server ended the namespace.
    void leave(std::string_view nsp);

    [[nodiscard]] bool joined(std::string_view nsp) const;
    [[nodiscard]] std::vector<std::string> joined_namespaces() const;

private:
    enum class state : std::uint8_t { none, pending, joined, ended_by_server };
    /// Packets that came before the answer to CONNECT.
    struct waiting_room {
        std::vector<packet> packets;
        std::size_t bytes = 0;
    };
    struct membership {
        std::string nsp;
        state now = state::none;
        waiting_room waiting{};
    };
    /// What few clients have: other namespaces than the main one, packets that wait.
    struct rest {
        std::vector<membership> others;
        waiting_room waiting;  ///< of the main namespace
    };
    using actions = std::vector<client_action>;

    [[nodiscard]] actions on_decoded(decoder::status status, packet p);
    void on_packet(packet p, actions& out);
    void on_connect(packet p, actions& out);
    void keep_waiting(packet p, actions& out);
    void deliver(packet p, actions& out);
    void fail(std::string_view what, actions& out);
    [[nodiscard]] bool make_room();
    [[nodiscard]] rest& rest_now();
    void drop_empty_rest();
    [[nodiscard]] membership* other(std::string_view nsp);
    [[nodiscard]] state now(std::string_view nsp) const;
    void set(std::string_view nsp, state now);
    [[nodiscard]] waiting_room& waiting_of(std::string_view nsp);
    [[nodiscard]] waiting_room take_waiting(std::string_view nsp);
    void forget(std::string_view nsp);

    decoder decoder_;
    std::unique_ptr<rest> rest_;  ///< null: nothing of it
    state main_ = state::none;
    bool failed_ = false;
};

}  // namespace chat_gateway::socketio
