// Handshakes whose session gives no right to be here, how their clients are told, and what the log
// has of those that are turned away for whatever reason.
#include "shard_impl.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/http/forwarded.hpp>

#include <utility>

namespace chat_gateway::gateway {
namespace {

using std::chrono::seconds;

metric counter_of(chat::refusal r) {
    switch (r) {
        case chat::refusal::no_cookie:
            return metric::handshakes_no_cookie;
        case chat::refusal::bad_signature:
            return metric::handshakes_bad_signature;
        case chat::refusal::no_session:
            return metric::handshakes_no_session;
        case chat::refusal::bad_record:
            return metric::handshakes_bad_record;
        case chat::refusal::not_logged_in:
            return metric::handshakes_not_logged_in;
        case chat::refusal::inactive_user:
            return metric::handshakes_inactive_user;
    }
    return metric::handshakes_no_cookie;
}

metric counter_of(close_reason r) {
    return static_cast<metric>(static_cast<std::size_t>(metric::closed_client_close) +
                               static_cast<std::size_t>(r));
}
static_assert(static_cast<std::size_t>(metric::closed_shutting_down) -
                  static_cast<std::size_t>(metric::closed_client_close) ==
              static_cast<std::size_t>(close_reason::shutting_down));

}  // namespace

std::string shard::impl::client_for_log(const http::request& r) const {
    if (!log::enabled(log::level::debug)) return {};
    std::string client = http::client_address(r, options_.trusted_proxies);
    if (client.empty()) client = r.trusted_peer ? "unix" : "unknown";
    return client;
}

void shard::impl::log_refusal(std::string_view reason, std::string_view client,
                              std::string_view user) {
    if (user.empty())
        return log::debug("handshake refused", {{"reason", reason}, {"client", client}});
    log::debug("handshake refused", {{"reason", reason}, {"client", client}, {"user", user}});
}

void shard::impl::on_refused(const http::request& r, server::refused_handshake why) {
    switch (why) {
        case server::refused_handshake::origin:
            counts_.add(metric::handshakes_origin);
            return log::debug(
                "handshake refused",
                {{"reason", "origin"}, {"client", client_for_log(r)}, {"origin", r.get("Origin")}});
        case server::refused_handshake::malformed:
            counts_.add(metric::handshakes_malformed);
            return log_refusal("malformed", client_for_log(r));
        case server::refused_handshake::draining:
            counts_.add(metric::handshakes_draining);
            return log_refusal("draining", client_for_log(r));
    }
}

void shard::impl::log_put_off(const chat::unavailable& down, std::string_view client) {
    const std::string error = down.error.message();
    if (down.user_id.empty())
        return log::debug("handshake put off",
                          {{"reason", down.what}, {"error", error}, {"client", client}});
    log::debug(
        "handshake put off",
        {{"reason", down.what}, {"error", error}, {"client", client}, {"user", down.user_id}});
}

server::admission shard::impl::refuse(const chat::refused& r, std::string_view client,
                                      std::unique_ptr<connection_limits::place> place) {
    counts_.add(counter_of(r.why));
    log_refusal(chat::to_string(r.why), client, r.user_id);
    if (!options_.refuse_at_connect || refused_.full())
        return server::json_refusal(401, 4, "Unauthorized");
    auto ticket = std::make_unique<session_ticket>();
    ticket->place = std::move(place);
    return ticket;
}

void shard::impl::open_refused(slot_handle session, std::unique_ptr<connection_limits::place> place,
                               engineio::transport via) {
    const bool websocket = via == engineio::transport::websocket;
    refused_.add(session, std::move(place), websocket, loop_.now());
    counts_.add(metric::refused_sessions_open);
    counts_.add(metric::sessions_open);
    if (websocket) counts_.add(metric::websocket_sessions_open);
}

void shard::impl::answer_refused(slot_handle session, std::string_view data, bool binary) {
    const auto outcome = refused_.on_message(session, data, binary);
    for (const auto& packet : outcome.answers)
        engine_.send(session, wire_ref(wire_bytes::message(packet)));
    counts_.add(metric::connects_refused, outcome.unauthorized);
    if (outcome.malformed) engine_.close(session, close_reason::parse_error);
}

void shard::impl::upgrade_refused(refused_sessions::entry& e) {
    e.websocket = true;
    counts_.add(metric::upgrades);
    counts_.add(metric::websocket_sessions_open);
}

void shard::impl::close_refused(const refused_sessions::entry& e, close_reason reason) {
    count_closed(e.websocket, reason, std::chrono::duration_cast<seconds>(loop_.now() - e.opened));
    counts_.subtract(metric::refused_sessions_open);
    refused_.remove(e.session);
}

void shard::impl::count_closed(bool websocket, close_reason reason, seconds open) {
    counts_.subtract(metric::sessions_open);
    if (websocket) counts_.subtract(metric::websocket_sessions_open);
    counts_.add(counter_of(reason));
    counts_.add(metric::connection_seconds, static_cast<std::uint64_t>(open.count()));
    counts_.observe(distribution::session_duration, open);
}

}  // namespace chat_gateway::gateway
