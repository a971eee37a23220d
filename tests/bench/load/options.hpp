#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace bench {

/// A stretch of the run. Without a rate the publisher keeps as much under way as it may.
struct phase {
    std::string name;
    enum class kind { rate, saturated, idle } what = kind::idle;
    double rate = 0;  ///< messages per second, evenly spaced
    double seconds = 0;
};

/// One client: its cookie and the rooms it will be in.
struct client_spec {
    std::string cookie;
    std::vector<std::uint32_t> rooms;
};

struct options {
    std::string host;         ///< IPv4 address, or
    std::string unix_socket;  ///< a path
    std::uint16_t port = 0;
    std::uint16_t redis_port = 0;  ///< messages are published there, or
    std::uint16_t http_port = 0;   ///< are posted to an admin listener there
    std::vector<pid_t> servers;    ///< whose CPU time and memory count
    std::vector<pid_t> beside;     ///< whose CPU time is told as well
    std::vector<client_spec> clients;
    std::uint32_t rooms = 0;  ///< those of the clients, and empty ones behind them
    std::string first_room;   ///< its name, if it is no UUID
    unsigned processes = 2;
    unsigned connects_at_once = 64;  ///< handshakes under way, over all processes
    std::size_t frame_bytes = 256;   ///< payload of the WebSocket frame that a message becomes
    std::uint64_t window_messages = 2000;
    std::uint64_t window_deliveries = 200'000;
    /// For the next delivery, when messages are still to arrive at a phase's end.
    std::chrono::seconds patience{10};
    bool rooms_header = false;  ///< for servers without stores: the rooms go with the handshake
    std::vector<phase> phases;

    /// Chats have UUIDs, as in the application; the room's number is the end of it.
    [[nodiscard]] std::string room_name(std::uint32_t room) const;
};

/// Exits with a message when something is wrong.
options parse_options(int argc, char** argv);

}  // namespace bench
