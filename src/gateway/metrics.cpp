#include <chat_gateway/gateway/metrics.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <initializer_list>
#include <iterator>

namespace chat_gateway::gateway {
namespace {

struct description {
    metric what;
    std::string_view name;
    std::string_view labels;
    std::string_view help;  ///< of the first of a name; the others continue its family
};

constexpr description table[] = {
    {metric::sessions_open, "chat_gateway_sessions", "", "Engine.IO sessions open now."},
    {metric::websocket_sessions_open, "chat_gateway_websocket_sessions", "",
     "Of those, sessions whose transport is a WebSocket."},
    {metric::refused_sessions_open, "chat_gateway_refused_sessions", "",
     "Of the sessions, those without a right to be here, open for their CONNECT to be refused."},
    {metric::sockets_connected, "chat_gateway_sockets", "",
     "Sockets connected to the namespace now."},
    {metric::rooms_joined, "chat_gateway_room_memberships", "",
     "Memberships of sockets in rooms now."},
    {metric::handshakes_accepted, "chat_gateway_handshakes_total", "result=\"accepted\"",
     "Handshakes by result."},
    {metric::handshakes_no_cookie, "chat_gateway_handshakes_total", "result=\"no_cookie\"", ""},
    {metric::handshakes_bad_signature, "chat_gateway_handshakes_total", "result=\"bad_signature\"",
     ""},
    {metric::handshakes_no_session, "chat_gateway_handshakes_total", "result=\"no_session\"", ""},
    {metric::handshakes_bad_record, "chat_gateway_handshakes_total", "result=\"bad_record\"", ""},
    {metric::handshakes_not_logged_in, "chat_gateway_handshakes_total", "result=\"not_logged_in\"",
     ""},
    {metric::handshakes_inactive_user, "chat_gateway_handshakes_total", "result=\"inactive_user\"",
     ""},
    {metric::handshakes_unavailable, "chat_gateway_handshakes_total", "result=\"unavailable\"", ""},
    {metric::handshakes_too_many, "chat_gateway_handshakes_total", "result=\"too_many\"", ""},
    {metric::handshakes_too_slow, "chat_gateway_handshakes_total", "result=\"too_slow\"", ""},
    {metric::handshakes_connections, "chat_gateway_handshakes_total", "result=\"max_connections\"",
     ""},
    {metric::handshakes_connections_per_address, "chat_gateway_handshakes_total",
     "result=\"connections_per_ip\"", ""},
    {metric::handshakes_per_address, "chat_gateway_handshakes_total",
     "result=\"handshakes_per_ip\"", ""},
    {metric::handshakes_connections_per_user, "chat_gateway_handshakes_total",
     "result=\"connections_per_user\"", ""},
    {metric::handshakes_origin, "chat_gateway_handshakes_total", "result=\"origin\"", ""},
    {metric::handshakes_malformed, "chat_gateway_handshakes_total", "result=\"malformed\"", ""},
    {metric::handshakes_draining, "chat_gateway_handshakes_total", "result=\"draining\"", ""},
    {metric::handshakes_under_way, "chat_gateway_handshakes_under_way", "",
     "Handshakes that wait for session, chat list or subscriptions now."},
    {metric::connects_refused, "chat_gateway_connects_refused_total", "",
     "CONNECTs answered with Unauthorized (session.reject connect_error)."},
    {metric::upgrades, "chat_gateway_upgrades_total", "",
     "Sessions that moved from polling to WebSocket."},
    {metric::sent_away_session, "chat_gateway_sockets_disconnected_total",
     "reason=\"session_gone\"", "Sockets that this gateway told to stay away, by reason."},
    {metric::sent_away_user, "chat_gateway_sockets_disconnected_total", "reason=\"inactive_user\"",
     ""},
    {metric::sent_away_operator, "chat_gateway_sockets_disconnected_total", "reason=\"operator\"",
     ""},
    {metric::sent_away_events, "chat_gateway_sockets_disconnected_total", "reason=\"event_rate\"",
     ""},
    {metric::closed_client_close, "chat_gateway_sessions_closed_total", "reason=\"client_close\"",
     "Sessions ended, by reason."},
    {metric::closed_transport_lost, "chat_gateway_sessions_closed_total",
     "reason=\"transport_lost\"", ""},
    {metric::closed_transport_error, "chat_gateway_sessions_closed_total",
     "reason=\"transport_error\"", ""},
    {metric::closed_parse_error, "chat_gateway_sessions_closed_total", "reason=\"parse_error\"",
     ""},
    {metric::closed_ping_timeout, "chat_gateway_sessions_closed_total", "reason=\"ping_timeout\"",
     ""},
    {metric::closed_connect_timeout, "chat_gateway_sessions_closed_total",
     "reason=\"connect_timeout\"", ""},
    {metric::closed_server_close, "chat_gateway_sessions_closed_total", "reason=\"server_close\"",
     ""},
    {metric::closed_slow_consumer, "chat_gateway_sessions_closed_total", "reason=\"slow_consumer\"",
     ""},
    {metric::closed_shutting_down, "chat_gateway_sessions_closed_total", "reason=\"shutting_down\"",
     ""},
    {metric::connection_seconds, "chat_gateway_session_seconds_total", "",
     "Whole seconds that ended sessions were open, summed."},
    {metric::events_join, "chat_gateway_events_total", "event=\"clientJoinRoom\"",
     "Events from clients."},
    {metric::events_leave, "chat_gateway_events_total", "event=\"clientLeaveRoom\"", ""},
    {metric::events_unknown, "chat_gateway_events_total", "event=\"unknown\"", ""},
    {metric::events_malformed, "chat_gateway_events_malformed_total", "",
     "Events from clients with a payload that is not what it should be."},
    {metric::events_over_rate, "chat_gateway_events_dropped_total", "",
     "Events from clients beyond limits.events_per_socket_per_s."},
    {metric::joins, "chat_gateway_room_joins_total", "", "Rooms joined by sockets."},
    {metric::leaves, "chat_gateway_room_leaves_total", "",
     "Rooms left by sockets that asked for it."},
    {metric::joins_denied_permission, "chat_gateway_room_joins_failed_total",
     "reason=\"permission\"", "Joins asked for and not carried out."},
    {metric::joins_denied_limit, "chat_gateway_room_joins_failed_total", "reason=\"limit\"", ""},
    {metric::joins_failed_database, "chat_gateway_room_joins_failed_total", "reason=\"database\"",
     ""},
    {metric::chat_lists_loaded, "chat_gateway_chat_lists_total", "result=\"loaded\"",
     "Chat lists read for sockets; late: the socket was connected without."},
    {metric::chat_lists_late, "chat_gateway_chat_lists_total", "result=\"late\"", ""},
    {metric::subscriptions_late, "chat_gateway_subscriptions_late_total", "",
     "Sockets connected before the bus had confirmed their rooms."},
    {metric::bus_messages, "chat_gateway_bus_messages_total", "", "Messages that the bus brought."},
    {metric::bus_publishes, "chat_gateway_bus_published_total", "result=\"ok\"",
     "Messages put on the bus."},
    {metric::bus_publish_failures, "chat_gateway_bus_published_total", "result=\"failed\"", ""},
    {metric::bus_pauses, "chat_gateway_bus_pauses_total", "",
     "Times at which the bus was not read because a loop was far behind with its messages."},
    {metric::bus_round_trip, "chat_gateway_bus_round_trip_seconds", "",
     "Time that the last probe took through the bus and back."},
    {metric::bus_silent, "chat_gateway_bus_silent", "",
     "1 while probes of the bus do not come back, else 0."},
    {metric::bus_silences, "chat_gateway_bus_silences_total", "",
     "Times at which probes of the bus began not to come back."},
    {metric::outbox_gaps_healed, "chat_gateway_outbox_gaps_total", "result=\"healed\"",
     "Gaps in what the bus brought of the outbox: read from the database instead, or left as they "
     "are."},
    {metric::outbox_gaps_left, "chat_gateway_outbox_gaps_total", "result=\"left\"", ""},
    {metric::outbox_healed, "chat_gateway_outbox_healed_total", "",
     "Messages and changes of membership that were missed and read from the database."},
    {metric::cluster_requests, "chat_gateway_cluster_requests_total", "direction=\"in\"",
     "Requests between the nodes of the cluster."},
    {metric::cluster_requests_asked, "chat_gateway_cluster_requests_total", "direction=\"out\"",
     ""},
    {metric::cluster_answers_missing, "chat_gateway_cluster_answers_missing_total", "",
     "Answers of other nodes that did not come in time."},
    {metric::deliveries, "chat_gateway_deliveries_total", "", "Messages queued for sockets."},
    {metric::recovery_sessions, "chat_gateway_recovery_sessions", "",
     "Sessions without a connection that are kept for their clients to come back."},
    {metric::recovery_bytes, "chat_gateway_recovery_bytes", "",
     "Memory that those sessions and the messages kept for recovery take."},
    {metric::recoveries, "chat_gateway_recoveries_total", "result=\"recovered\"",
     "Clients that came back for their session, by what became of it."},
    {metric::recoveries_unknown_session, "chat_gateway_recoveries_total",
     "result=\"unknown_session\"", ""},
    {metric::recoveries_unknown_offset, "chat_gateway_recoveries_total",
     "result=\"unknown_offset\"", ""},
    {metric::recoveries_incomplete, "chat_gateway_recoveries_total", "result=\"incomplete\"", ""},
    {metric::recoveries_rights, "chat_gateway_recoveries_total", "result=\"rights\"", ""},
    {metric::recoveries_unavailable, "chat_gateway_recoveries_total", "result=\"unavailable\"", ""},
    {metric::recovery_replayed, "chat_gateway_recovery_replayed_total", "",
     "Messages replayed to clients that came back."},
    {metric::recovery_evicted_room, "chat_gateway_recovery_evicted_total", "limit=\"room\"",
     "What recovery could not keep to the end of its time, by the limit that it met."},
    {metric::recovery_evicted_total, "chat_gateway_recovery_evicted_total", "limit=\"total\"", ""},
    {metric::recovery_evicted_session, "chat_gateway_recovery_evicted_total", "limit=\"session\"",
     ""},
    {metric::recovery_gaps, "chat_gateway_recovery_gaps_total", "",
     "Times at which the bus may have missed messages, so that no session from before is "
     "recovered."},
    {metric::recovery_store_failures, "chat_gateway_recovery_store_failures_total", "",
     "Sessions that could not be kept, or messages not be read, where other gateways find them."},
    {metric::sessions_rechecked, "chat_gateway_session_rechecks_total", "",
     "Sessions of live sockets that were read again."},
    {metric::rechecks_unavailable, "chat_gateway_session_rechecks_failed_total", "",
     "Of those, sessions of which a store could not say whether they still hold."},
    {metric::sockets_cut, "chat_gateway_sockets_cut_total", "",
     "Sockets disconnected because their session or user gives them no right any more."},
    {metric::reconnections, "chat_gateway_reconnections_total", "",
     "Connections of users who had lost one within the two minutes before, on this gateway."},
    {metric::users_1, "chat_gateway_users", "connections=\"1\"",
     "Users connected now, by how many connections they have."},
    {metric::users_2, "chat_gateway_users", "connections=\"2-3\"", ""},
    {metric::users_4, "chat_gateway_users", "connections=\"4-7\"", ""},
    {metric::users_8, "chat_gateway_users", "connections=\"8-15\"", ""},
    {metric::users_16, "chat_gateway_users", "connections=\"16+\"", ""},
    {metric::session_store_failures, "chat_gateway_store_failures_total", "store=\"sessions\"",
     "Questions to a store that it could not answer."},
    {metric::chat_directory_failures, "chat_gateway_store_failures_total", "store=\"chats\"", ""},
};
static_assert(std::size(table) == static_cast<std::size_t>(metric::count_));

struct engine_description {
    const counter& (*of)(const server::engine_counts&);
    std::string_view name;
    std::string_view labels;
    std::string_view help;  ///< likewise
};

// A figure is named once, as the member of engine_counts that it is.
#define OF(member) [](const server::engine_counts& c) -> const counter& { return c.member; }

constexpr engine_description engine_table[] = {
    {OF(polling.packets_in), "chat_gateway_packets_received_total", "transport=\"polling\"",
     "Engine.IO packets from clients, by transport."},
    {OF(websocket.packets_in), "chat_gateway_packets_received_total", "transport=\"websocket\"",
     ""},
    {OF(polling.bytes_in), "chat_gateway_received_bytes_total", "transport=\"polling\"",
     "Bytes from clients: bodies of polling, and what WebSockets are read."},
    {OF(websocket.bytes_in), "chat_gateway_received_bytes_total", "transport=\"websocket\"", ""},
    {OF(polling.packets_out), "chat_gateway_packets_sent_total", "transport=\"polling\"",
     "Engine.IO packets queued for clients, by the transport of that moment."},
    {OF(websocket.packets_out), "chat_gateway_packets_sent_total", "transport=\"websocket\"", ""},
    {OF(polling.bytes_out), "chat_gateway_sent_bytes_total", "transport=\"polling\"",
     "Bytes to clients: bodies of polling, and what WebSockets are written."},
    {OF(websocket.bytes_out), "chat_gateway_sent_bytes_total", "transport=\"websocket\"", ""},
    {OF(blocked), "chat_gateway_blocked_websockets", "",
     "WebSockets now whose clients do not take what they are sent."},
    {OF(queued_bytes), "chat_gateway_send_queue_bytes", "",
     "Bytes that are owed to those WebSockets."},
    {OF(upgrades_given_up), "chat_gateway_upgrades_failed_total", "reason=\"given_up\"",
     "Upgrades to WebSocket that were begun and did not come to an end."},
    {OF(upgrades_lost), "chat_gateway_upgrades_failed_total", "reason=\"connection_lost\"", ""},
    {OF(upgrades_refused), "chat_gateway_upgrades_failed_total", "reason=\"refused\"", ""},
};

#undef OF

struct histogram_description {
    distribution what;
    std::string_view name;
    std::string_view labels;
    std::string_view help;  ///< likewise
    std::initializer_list<std::chrono::microseconds> bounds;
};

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using us = std::chrono::microseconds;

#define LATENCIES                                                                           \
    {                                                                                       \
        us(250), us(500), us(1000), us(2500), us(5000), us(10'000), us(25'000), us(50'000), \
            us(100'000), us(250'000), us(1'000'000), us(5'000'000)                          \
    }

const histogram_description histogram_table[] = {
    {distribution::session_duration,
     "chat_gateway_session_duration_seconds",
     "",
     "How long ended sessions were open.",
     {seconds(1), seconds(10), minutes(1), minutes(5), minutes(15), hours(1), hours(4), hours(12),
      hours(24)}},
    {distribution::loop_lag, "chat_gateway_loop_lag_seconds", "",
     "How late event loops get to what is due, ten times a second each.", LATENCIES},
    {distribution::fan_out, "chat_gateway_fan_out_seconds", "",
     "From a read of the bus to the end of the writes to the sockets of a loop, for each message "
     "and loop.",
     LATENCIES},
    {distribution::session_store, "chat_gateway_store_seconds", "store=\"sessions\"",
     "How long questions to the stores take.", LATENCIES},
    {distribution::chat_directory, "chat_gateway_store_seconds", "store=\"chats\"", "", LATENCIES},
};
#undef LATENCIES
static_assert(std::size(histogram_table) == static_cast<std::size_t>(distribution::count_));

void append_head(std::string& out, std::string_view name, std::string_view help,
                 std::string_view type) {
    out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name);
    out.append(" ").append(type).append("\n");
}

std::string_view type_of(std::string_view name) {
    return name.ends_with("_total") ? "counter" : "gauge";
}

void append_sample(std::string& out, std::string_view name, std::string_view labels,
                   std::string_view value) {
    out += name;
    if (!labels.empty()) out.append("{").append(labels).append("}");
    out.append(" ").append(value).append("\n");
}

/// The shortest text that is the same number, without an exponent.
std::string text_of(double value) {
    std::array<char, 400> digits{};  // for any double
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed)
            .ptr;
    return {digits.data(), end};
}

std::string seconds_text(std::uint64_t microseconds) {
    return text_of(static_cast<double>(microseconds) / 1e6);
}

/// Times are counted in microseconds, and told in seconds.
std::string figure_text(metric m, std::uint64_t value) {
    return m == metric::bus_round_trip ? seconds_text(value) : std::to_string(value);
}

std::string joined(std::string_view labels, std::string_view more) {
    return std::string(labels) + (labels.empty() ? "" : ",") + std::string(more);
}

}  // namespace

void metrics_block::observe(distribution d, std::chrono::nanoseconds value, std::uint64_t times) {
    const auto whole = std::max(std::chrono::duration_cast<us>(value), us(0));
    const auto& bounds = histogram_table[static_cast<std::size_t>(d)].bounds;
    static_assert(max_bounds >= 12);
    const auto found = std::ranges::lower_bound(bounds, whole);
    histogram& h = histograms_[static_cast<std::size_t>(d)];
    const bool above = found == bounds.end();
    h.buckets[above ? max_bounds : static_cast<std::size_t>(found - bounds.begin())].add(times);
    h.microseconds.add(static_cast<std::uint64_t>(whole.count()) * times);
}

std::uint64_t metrics::count(distribution d) const {
    std::uint64_t total = 0;
    for (const auto& block : blocks_) {
        for (const auto& bucket : block.histograms_[static_cast<std::size_t>(d)].buckets)
            total += bucket.load();
    }
    return total;
}

std::uint64_t metrics::sum(metric m) const {
    std::uint64_t total = 0;
    for (const auto& block : blocks_)
        total += block.load(m);
    return total;
}

void metrics::append_histogram(std::string& out, distribution d) const {
    const auto& about = histogram_table[static_cast<std::size_t>(d)];
    if (!about.help.empty()) append_head(out, about.name, about.help, "histogram");
    const auto sum_of = [&](auto figure) {
        std::uint64_t total = 0;
        for (const auto& block : blocks_)
            total += figure(block.histograms_[static_cast<std::size_t>(d)]).load();
        return total;
    };
    const std::string name(about.name);
    std::uint64_t below = 0;
    std::size_t n = 0;
    for (const us bound : about.bounds) {
        below += sum_of([n](const auto& h) -> const counter& { return h.buckets[n]; });
        ++n;
        const auto le = seconds_text(static_cast<std::uint64_t>(bound.count()));
        append_sample(out, name + "_bucket", joined(about.labels, "le=\"" + le + '"'),
                      std::to_string(below));
    }
    below += sum_of(
        [](const auto& h) -> const counter& { return h.buckets[metrics_block::max_bounds]; });
    append_sample(out, name + "_bucket", joined(about.labels, "le=\"+Inf\""),
                  std::to_string(below));
    append_sample(
        out, name + "_sum", about.labels,
        seconds_text(sum_of([](const auto& h) -> const counter& { return h.microseconds; })));
    append_sample(out, name + "_count", about.labels, std::to_string(below));
}

std::string metrics::prometheus() const {
    std::string out;
    for (const auto& d : table) {
        if (!d.help.empty()) append_head(out, d.name, d.help, type_of(d.name));
        append_sample(out, d.name, d.labels, figure_text(d.what, sum(d.what)));
    }
    for (const auto& d : engine_table) {
        if (!d.help.empty()) append_head(out, d.name, d.help, type_of(d.name));
        std::uint64_t total = 0;
        for (const auto& engine : engines_)
            total += d.of(engine).load();
        append_sample(out, d.name, d.labels, std::to_string(total));
    }
    for (const auto& d : histogram_table)
        append_histogram(out, d.what);
    for (auto& r : readings_) {
        if (!r.help.empty()) append_head(out, r.name, r.help, type_of(r.name));
        append_sample(out, r.name, r.labels, text_of(r.read()));
    }
    return out;
}

}  // namespace chat_gateway::gateway
