#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace chat_gateway::gateway {

/// Every figure at /metrics that is counted as things happen. The table in metrics.cpp has name,
/// labels and help for each.
enum class metric : std::uint8_t {
    sessions_open,
    websocket_sessions_open,
    refused_sessions_open,
    sockets_connected,
    rooms_joined,
    handshakes_accepted,
    handshakes_no_cookie,
    handshakes_bad_signature,
    handshakes_no_session,
    handshakes_bad_record,
    handshakes_not_logged_in,
    handshakes_inactive_user,
    handshakes_unavailable,
    handshakes_too_many,
    handshakes_too_slow,
    handshakes_connections,  // in the order of limit_met
    handshakes_connections_per_address,
    handshakes_per_address,
    handshakes_connections_per_user,
    handshakes_under_way,
    connects_refused,
    upgrades,
    sent_away_session,  // in the order of removal
    sent_away_user,
    sent_away_operator,
    sent_away_events,
    closed_client_close,  // in the order of engineio::close_reason
    closed_transport_lost,
    closed_transport_error,
    closed_parse_error,
    closed_ping_timeout,
    closed_connect_timeout,
    closed_server_close,
    closed_slow_consumer,
    closed_shutting_down,
    connection_seconds,
    events_join,
    events_leave,
    events_unknown,
    events_malformed,
    events_over_rate,
    joins,
    leaves,
    joins_denied_permission,
    joins_denied_limit,
    joins_failed_database,
    chat_lists_loaded,
    chat_lists_late,
    subscriptions_late,
    bus_messages,
    bus_publishes,
    bus_publish_failures,
    bus_pauses,
    bus_round_trip,
    bus_silent,
    bus_silences,
    cluster_requests,
    cluster_requests_asked,
    cluster_answers_missing,
    deliveries,
    recovery_sessions,
    recovery_bytes,
    recoveries,
    recoveries_unknown_session,  // in the order of recovery_failure
    recoveries_unknown_offset,
    recoveries_incomplete,
    recoveries_rights,
    recoveries_unavailable,
    recovery_replayed,
    recovery_evicted_room,
    recovery_evicted_total,
    recovery_evicted_session,
    recovery_gaps,
    recovery_store_failures,
    sessions_rechecked,
    rechecks_unavailable,
    sockets_cut,
    count_,
};

/// One thread's share of the figures: written by that thread, read by any.
class metrics_block {
public:
    void add(metric m, std::uint64_t n = 1) { store(m, load(m) + n); }
    void subtract(metric m, std::uint64_t n = 1) { store(m, load(m) - n); }
    [[nodiscard]] std::uint64_t load(metric m) const {
        return values_[index(m)].load(std::memory_order_relaxed);
    }

private:
    static std::size_t index(metric m) { return static_cast<std::size_t>(m); }
    // One writer, so no read-modify-write is needed.
    void store(metric m, std::uint64_t v) { values_[index(m)].store(v, std::memory_order_relaxed); }

    alignas(64)
        std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(metric::count_)> values_{};
};

/// All blocks of the process. Blocks are made before the threads start and live as long as this.
class metrics {
public:
    metrics_block& make_block() { return blocks_.emplace_back(); }
    [[nodiscard]] std::uint64_t sum(metric m) const;
    /// Prometheus text exposition format 0.0.4.
    [[nodiscard]] std::string prometheus() const;

private:
    std::deque<metrics_block> blocks_;
};

}  // namespace chat_gateway::gateway
