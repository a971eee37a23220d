// Handshakes whose session gives no right to be here, and how their clients are told.
#include "shard_impl.hpp"

#include <chat_gateway/base/log.hpp>

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

server::admission shard::impl::refuse(chat::refusal why, const std::string& client,
                                      std::unique_ptr<connection_limits::place> place) {
    counts_.add(counter_of(why));
    log::debug("handshake refused", {{"reason", chat::to_string(why)}, {"client", client}});
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
