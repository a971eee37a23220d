#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What the nodes of a cluster ask each other, beside broadcasts, in one form for all adapters: the
/// codecs turn it into their wires and back. JSON stays text; binary values in it are placeholders
/// `{"_placeholder":true,"num":n}` with their bytes in `attachments`.
namespace chat_gateway::socketio::cluster {

/// Sockets in any of `rooms` (none named: all of the namespace) and in none of `except`.
struct selection {
    std::vector<std::string> rooms{};
    std::vector<std::string> except{};
    bool operator==(const selection&) const = default;
};

/// The requests that every adapter has; the comments name the classic adapter's type.
enum class request_kind : std::uint8_t {
    sockets,           ///< 0, of old peers: the ids of the sockets selected
    all_rooms,         ///< 1: names of all rooms, socket ids included
    join,              ///< 2: the selected sockets join `rooms`
    leave,             ///< 3
    disconnect,        ///< 4
    fetch_sockets,     ///< 5
    server_side_emit,  ///< 6: an event for the servers themselves
    broadcast,         ///< 7: an event that its receivers acknowledge
};

struct request {
    request_kind kind = request_kind::fetch_sockets;
    std::string nsp = "/";
    std::string from{};  ///< uid of the node that asks; `emitter` or empty: no node
    std::string id{};    ///< names it among those of `from`; empty: nobody waits for an answer
    selection to{};
    std::vector<std::string> rooms{};        ///< of join and leave
    bool close = false;                      ///< of disconnect: the connection as well
    std::string data{};                      ///< of server_side_emit: JSON array, `["event",..]`
    std::string packet{};                    ///< of broadcast: EVENT text as in message::packet
    std::vector<std::string> attachments{};  ///< of data and packet
    std::optional<std::chrono::milliseconds> timeout{};  ///< of broadcast: acks are waited for
    bool volatile_ = false;                              ///< of broadcast: as in message
    std::uint64_t position = 0;  ///< as in message; not part of what travels
    bool operator==(const request&) const = default;
};

/// A socket as fetchSockets() tells of it.
struct remote_socket {
    std::string id{};
    std::string handshake = "{}";      ///< JSON object
    std::vector<std::string> rooms{};  ///< its own id among them
    std::string data = "{}";           ///< JSON object
    bool operator==(const remote_socket&) const = default;
};

enum class response_kind : std::uint8_t {
    sockets,       ///< `names`: socket ids
    rooms,         ///< `names`
    done,          ///< to a join or leave of an old peer
    fetched,       ///< `fetched`
    server_side,   ///< `data`: one JSON value
    client_count,  ///< `count`: how many acks may come
    client_ack,    ///< `data`: the first argument of one client's ack
};

struct response {
    response_kind kind = response_kind::done;
    std::string nsp = "/";
    std::string from{};  ///< uid of the node that answers, where the wire has it
    std::string to{};    ///< uid of the node that asked; empty where the wire does not say
    std::string id{};    ///< of the request
    std::vector<std::string> names{};
    std::vector<remote_socket> fetched{};
    std::uint64_t count = 0;
    std::string data{};                      ///< empty: nothing (`undefined`)
    std::vector<std::string> attachments{};  ///< of data, and of the data in fetched
    bool operator==(const response&) const = default;
};

}  // namespace chat_gateway::socketio::cluster
