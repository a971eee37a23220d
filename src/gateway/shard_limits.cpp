// Who is refused or dropped because there are too many already.
#include "shard_impl.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/http/forwarded.hpp>

#include <utility>

namespace chat_gateway::gateway {
namespace {

/// A socket whose dropped events come to that much of its rate is disconnected: one that sends
/// twice what it may is just borne, three times as much ends it after so long.
constexpr std::chrono::seconds borne{10};

metric counter_of(limit_met l) {
    return static_cast<metric>(static_cast<std::size_t>(metric::handshakes_connections) +
                               static_cast<std::size_t>(l));
}
static_assert(static_cast<std::size_t>(metric::handshakes_connections_per_user) -
                  static_cast<std::size_t>(metric::handshakes_connections) ==
              static_cast<std::size_t>(limit_met::connections_per_user));

}  // namespace

std::variant<std::unique_ptr<connection_limits::place>, http::response> shard::impl::find_place(
    const http::request& r, std::string_view client, time_point now) {
    if (!options_.limits) return nullptr;
    const auto network = http::network_of(http::client_address(r, options_.trusted_proxies));
    auto found = options_.limits->enter(network, now);
    if (const auto* met = std::get_if<limit_met>(&found)) return refuse_for(*met, client);
    return std::move(std::get<0>(found));
}

void shard::impl::set_limits(shard_limits l) {
    options_.rooms_per_socket = l.rooms_per_socket;
    options_.events_per_socket_per_s = l.events_per_socket_per_s;
    options_.limits = std::move(l.connections);
    engine_.set_send_queue(l.send_queue_bytes);
}

/// The gateway is full: 503, another one may do. The client has too many: 429 (RFC 6585).
http::response shard::impl::refuse_for(limit_met l, std::string_view client,
                                       std::string_view user) {
    counts_.add(counter_of(l));
    log_refusal(to_string(l), client, user);
    if (l == limit_met::connections) {
        http::response full = server::json_refusal(503, 5, "Service unavailable");
        full.set("Retry-After", "5");
        return full;
    }
    http::response r = server::json_refusal(429, 4, "Too many requests");
    r.set("Retry-After", l == limit_met::handshakes_per_address ? "1" : "5");
    return r;
}

bool shard::impl::may_send_event(chat_socket& s) {
    const std::uint32_t rate = options_.events_per_socket_per_s;
    if (rate == 0) return true;
    // One from before the limit was set.
    if (!s.limits) s.limits = std::make_unique<chat_socket::limited>();
    const time_point now = loop_.now();
    if (s.limits->events.take({.rate = rate}, now)) return true;
    counts_.add(metric::events_over_rate);
    if (s.limits->dropped.take({.rate = rate, .depth = borne}, now)) return false;
    log::info("socket disconnected",
              {{"connection", s.id.text()}, {"user", s.user}, {"reason", "event_rate"}});
    counts_.add(metric::sent_away_events);
    send_away(s, true);
    return false;
}

}  // namespace chat_gateway::gateway
