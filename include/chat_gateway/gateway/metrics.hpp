#pragma once

#include <chat_gateway/base/counter.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/server/engine_counts.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
    handshakes_origin,
    handshakes_malformed,
    handshakes_draining,
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
    bus_round_trip,  // in microseconds
    bus_silent,
    bus_silences,
    outbox_gaps_healed,
    outbox_gaps_left,
    outbox_healed,
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
    reconnections,
    users_1,  // by their number of connections; each bin has twice the one before
    users_2,
    users_4,
    users_8,
    users_16,
    session_store_failures,
    chat_directory_failures,
    count_,
};

/// Every figure at /metrics that is a distribution of times: a histogram.
enum class distribution : std::uint8_t {
    session_duration,
    loop_lag,
    fan_out,
    session_store,
    chat_directory,
    count_,
};

/// One thread's share of the figures: written by that thread, read by any.
class metrics_block {
public:
    void add(metric m, std::uint64_t n = 1) { values_[index(m)].add(n); }
    void subtract(metric m, std::uint64_t n = 1) { values_[index(m)].subtract(n); }
    [[nodiscard]] std::uint64_t load(metric m) const { return values_[index(m)].load(); }
    /// `times` times.
    void observe(distribution d, std::chrono::nanoseconds value, std::uint64_t times = 1);

private:
    friend class metrics;
    static constexpr std::size_t max_bounds = 12;
    struct histogram {
        std::array<counter, max_bounds + 1> buckets;  ///< the last one: above all bounds
        counter microseconds;                         ///< summed
    };
    static std::size_t index(metric m) { return static_cast<std::size_t>(m); }

    alignas(64) std::array<counter, static_cast<std::size_t>(metric::count_)> values_{};
    std::array<histogram, static_cast<std::size_t>(distribution::count_)> histograms_{};
};

/// All figures of the process. Blocks and readings are made before the threads start and live as
/// long as this.
class metrics {
public:
    /// One that is looked up when /metrics is asked for, on the thread that asks.
    struct reading {
        std::string name;
        std::string labels;
        std::string help;  ///< empty: it continues the family of the one before
        unique_function<double()> read;
    };

    metrics_block& make_block() { return blocks_.emplace_back(); }
    server::engine_counts& make_engine_counts() { return engines_.emplace_back(); }
    void add(reading r) { readings_.push_back(std::move(r)); }
    [[nodiscard]] std::uint64_t sum(metric m) const;
    /// How many were observed.
    [[nodiscard]] std::uint64_t count(distribution d) const;
    /// Prometheus text exposition format 0.0.4.
    [[nodiscard]] std::string prometheus() const;

private:
    void append_histogram(std::string& out, distribution d) const;

    std::deque<metrics_block> blocks_;
    std::deque<server::engine_counts> engines_;
    mutable std::vector<reading> readings_;
};

}  // namespace chat_gateway::gateway
