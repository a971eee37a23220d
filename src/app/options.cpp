#include "options.hpp"

#include <chat_gateway/http/forwarded.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string_view>
#include <thread>
#include <utility>

namespace chat_gateway::app {

unsigned thread_count(const settings& s) {
    const unsigned wanted =
        s.server.threads != 0 ? s.server.threads : std::thread::hardware_concurrency();
    return std::clamp(wanted, 1U, gateway::hub::max_shards);
}

gateway::shard_options shard_options_of(const settings& s, const http::cors_policy& cors,
                                        std::uint8_t number) {
    using ms = std::chrono::milliseconds;
    const auto offers = [&](std::string_view transport) {
        return std::find(s.engine.transports.begin(), s.engine.transports.end(), transport) !=
               s.engine.transports.end();
    };
    gateway::shard_options o;
    o.engine.session = {.ping_interval = ms(s.engine.ping_interval_ms),
                        .ping_timeout = ms(s.engine.ping_timeout_ms),
                        .upgrade_timeout = ms(s.engine.upgrade_timeout_ms),
                        .connect_timeout = ms(s.socket.connect_timeout_ms)};
    o.engine.max_payload = s.engine.max_payload_bytes;
    o.engine.allow_polling = offers("polling");
    o.engine.allow_websocket = offers("websocket");
    o.engine.compression = s.engine.compression;
    o.engine.send_queue_bytes = s.limits.send_queue_bytes;
    o.engine.cors = &cors;
    o.engine.shard = number;
    o.session_cookie = s.session.cookie;
    // The configuration check has parsed them already.
    for (const auto& block : s.server.trusted_proxies) {
        o.trusted_proxies.push_back(http::cidr::parse(block).value());
    }
    o.rooms_per_socket = s.limits.rooms_per_socket;
    o.events_per_socket_per_s = s.limits.events_per_socket_per_s;
    o.refuse_at_connect = s.session.reject == "connect_error";
    return o;
}

gateway::recovery_options recovery_options_of(const settings& s) {
    using ms = std::chrono::milliseconds;
    const auto& socket = s.socket;
    // A dead connection is noticed, and its session suspended, that much after the last message got
    // through.
    const ms unnoticed(s.engine.ping_interval_ms + s.engine.ping_timeout_ms);
    return {.window = ms(socket.recovery_ms),
            .packet_time = ms(socket.recovery_ms) + unnoticed,
            .room_bytes = socket.recovery_room_bytes,
            // A replay must not make its socket a slow consumer.
            .session_bytes =
                std::min<std::size_t>(socket.recovery_session_bytes, s.limits.send_queue_bytes / 2),
            .total_bytes = socket.recovery_total_bytes};
}

gateway::limit_options limit_options_of(const settings& s) {
    return {.connections = s.server.max_connections,
            .connections_per_address = s.limits.connections_per_ip,
            .connections_per_user = s.limits.connections_per_user,
            .handshakes_per_address_per_s = s.limits.handshakes_per_ip_per_s};
}

void set_connection_limits(std::shared_ptr<gateway::connection_limits>& limits, const settings& s) {
    const auto o = limit_options_of(s);
    if (limits) return limits->set(o);
    if (o.connections == 0 && o.connections_per_address == 0 && o.connections_per_user == 0 &&
        o.handshakes_per_address_per_s == 0)
        return;
    limits = std::make_shared<gateway::connection_limits>(o);
}

gateway::shard_limits shard_limits_of(const settings& s,
                                      std::shared_ptr<gateway::connection_limits> connections) {
    return {.rooms_per_socket = s.limits.rooms_per_socket,
            .events_per_socket_per_s = s.limits.events_per_socket_per_s,
            .send_queue_bytes = s.limits.send_queue_bytes,
            .connections = std::move(connections)};
}

}  // namespace chat_gateway::app
