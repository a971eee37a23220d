#pragma once

#include <chat_gateway/base/log.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace chat_gateway::app {

/// The whole configuration, checked. A member's path is its key, its initial value the key's
/// default; config_table holds the rest of what there is to say about a key.
struct settings {
    /// --demo: sessions, chats and bus live in memory, the demo page is served. No key: the flag
    /// alone says it.
    bool demo = false;

    struct {
        std::string host = "0.0.0.0";
        std::uint16_t port = 7000;  ///< 0: none if there is a unix_socket, else the system chooses
        std::string unix_socket;    ///< a path; empty: none
        std::string unix_mode = "0660";  ///< octal
        std::string path = "/ws";        ///< never with a slash at its end
        std::uint32_t threads = 0;       ///< 0: one per core
        std::vector<std::string> trusted_proxies{"127.0.0.1/32", "::1/128"};
        std::uint32_t max_connections = 0;
        std::uint32_t drain_ms = 10000;
    } server;
    struct {
        std::string host = "127.0.0.1";
        std::uint16_t port = 7001;  ///< 0: the system chooses
        std::string token;
        std::vector<std::string> names;
    } admin;
    struct {
        std::uint32_t ping_interval_ms = 25000;
        std::uint32_t ping_timeout_ms = 20000;
        std::uint32_t max_payload_bytes = 1000000;
        std::uint32_t upgrade_timeout_ms = 10000;
        std::vector<std::string> transports{"polling", "websocket"};
        bool compression = false;
    } engine;
    struct {
        std::uint32_t connect_timeout_ms = 45000;
        std::uint32_t recovery_ms = 120000;
        std::uint32_t recovery_room_bytes = 1048576;
        std::uint32_t recovery_session_bytes = 524288;
        std::uint32_t recovery_total_bytes = 67108864;
    } socket;
    struct {
        std::vector<std::string> origins{"http://localhost:5173"};
    } cors;
    struct {
        std::string store = "redis";
        std::string cookie = "connect.sid";
        std::vector<std::string> secrets;  ///< newest first; never empty once checked
        std::string prefix = "sess:";
        std::string table = "session";
        std::string user_pointer = "/passport/user";
        std::string reject = "handshake";
        std::uint32_t recheck_ms = 30000;
    } session;
    struct {
        std::string url = "redis://127.0.0.1:6379";
        std::string tls_ca_file;           ///< empty: the system's authorities
        std::string tls_certificate_file;  ///< empty: none is shown
        std::string tls_key_file;
    } redis;
    struct {
        std::string url = "postgresql://127.0.0.1/postgres";
        std::uint32_t pool_size = 4;
        std::uint32_t statement_timeout_ms = 5000;
        struct {
            // The participants queries, once loaded, if nothing else is said.
            std::string chats_of_users;
            std::string can_view_chat;
            std::string active_users;  ///< empty: every user is active
        } queries;
        bool outbox = false;
    } postgres;
    struct {
        std::string kind = "redis";
        std::string prefix = "socket.io";
        std::uint32_t stream_length = 10000;
        std::string subscription = "rooms";
    } bus;
    struct {
        std::uint32_t connections_per_ip = 0;
        std::uint32_t connections_per_user = 0;
        std::uint32_t handshakes_per_ip_per_s = 0;
        std::uint32_t events_per_socket_per_s = 0;
        std::uint32_t rooms_per_socket = 10000;
        std::uint32_t send_queue_bytes = 1048576;
    } limits;
    struct {
        chat_gateway::log::level level = chat_gateway::log::level::info;
        chat_gateway::log::format format = chat_gateway::log::format::text;
    } log;
};

}  // namespace chat_gateway::app
