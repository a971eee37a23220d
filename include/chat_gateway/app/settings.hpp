#pragma once

#include <chat_gateway/base/log.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace chat_gateway::app {

/// The whole configuration, checked. Names and defaults are the contract's; config_table declares each key once.
struct settings {
    struct {
        std::string host = "0.0.0.0";
        std::uint16_t port = 7000;
        std::string path = "/ws";
        unsigned threads = 0;
        std::vector<std::string> trusted_proxies{"127.0.0.1/32", "::1/128"};
        std::uint32_t drain_ms = 10000;
    } server;
    struct {
        std::string host = "127.0.0.1";
        std::uint16_t port = 7001;
        std::string token;
    } admin;
    struct {
        std::uint32_t ping_interval_ms = 25000;
        std::uint32_t ping_timeout_ms = 20000;
        std::uint32_t max_payload_bytes = 1000000;
        std::uint32_t upgrade_timeout_ms = 10000;
        std::vector<std::string> transports{"polling", "websocket"};
    } engine;
    struct {
        std::uint32_t connect_timeout_ms = 45000;
    } socket;
    struct {
        std::vector<std::string> origins{"http://localhost:5173"};
    } cors;
    struct {
        std::string store = "redis";
        std::string cookie = "connect.sid";
        std::vector<std::string> secrets;
        std::string prefix = "sess:";
        std::string user_pointer = "/passport/user";
    } session;
    struct {
        std::string url = "redis://127.0.0.1:6379";
    } redis;
    struct {
        std::string url = "postgresql://127.0.0.1/postgres";
        unsigned pool_size = 4;
        std::uint32_t statement_timeout_ms = 5000;
        struct {
            std::string chats_of_users;
            std::string can_view_chat;
            std::string active_users;
        } queries;
    } postgres;
    struct {
        std::string kind = "redis";
        std::string prefix = "socket.io";
        std::string subscription = "rooms";
    } bus;
    struct {
        std::uint32_t rooms_per_socket = 10000;
        std::uint32_t send_queue_bytes = 1048576;
    } limits;
    struct {
        log::level level = log::level::info;
        log::format format = log::format::text;
    } log;
};

}  // namespace chat_gateway::app
