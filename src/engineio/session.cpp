#include <chat_gateway/engineio/session.hpp>

#include <algorithm>
#include <ostream>

namespace chat_gateway::engineio {

std::string_view to_string(close_reason r) {
    switch (r) {
        case close_reason::client_close:
            return "client_close";
        case close_reason::transport_lost:
            return "transport_lost";
        case close_reason::transport_error:
            return "transport_error";
        case close_reason::parse_error:
            return "parse_error";
        case close_reason::ping_timeout:
            return "ping_timeout";
        case close_reason::connect_timeout:
            return "connect_timeout";
        case close_reason::server_close:
            return "server_close";
        case close_reason::slow_consumer:
            return "slow_consumer";
        case close_reason::shutting_down:
            return "shutting_down";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& out, const step& s) {
    static constexpr const char* names[] = {"none",         "deliver",  "send_ping",
                                            "answer_probe", "upgraded", "drop_candidate",
                                            "release_poll", "close"};
    out << names[static_cast<std::size_t>(s.what)];
    if (s.what == act::close) out << '(' << to_string(s.reason) << ')';
    return out;
}

namespace {

/// A ping that leaves no later than this after it was due counts as on time.
constexpr std::chrono::milliseconds tolerated_delay{100};

}  // namespace

session::session(const session_options& o, transport via, time_point now)
    : options_(&o),
      heartbeat_(now + o.ping_interval),
      connect_deadline_(now + o.connect_timeout),
      via_(via) {}

step session::on_packet(const packet& p, time_point now) {
    switch (p.type) {
        case packet_type::message:
            return {act::deliver, {}};
        case packet_type::pong:
            awaiting_pong_ = false;
            heartbeat_ = now + options_->ping_interval;
            return {};
        case packet_type::ping:
            return {act::close, close_reason::parse_error};  // in v4 the server pings
        case packet_type::close:
            // A WebSocket is closed by its own handshake.
            if (via_ == transport::polling) return {act::close, close_reason::client_close};
            return {};
        case packet_type::open:
        case packet_type::upgrade:
        case packet_type::noop:
            return {};
    }
    return on_garbage();
}

bool session::begin_upgrade(time_point now) {
    if (upgrading_ || via_ == transport::websocket) return false;
    upgrading_ = true;
    probed_ = false;
    upgrade_deadline_ = now + options_->upgrade_timeout;
    return true;
}

step session::on_candidate_packet(const packet& p, time_point now) {
    if (p.type == packet_type::ping && p.data == "probe") {
        probed_ = true;
        return {act::answer_probe, {}};
    }
    if (p.type == packet_type::upgrade) {
        candidate_lost();
        via_ = transport::websocket;
        upgraded_at_ = now;
        return {act::upgraded, {}};
    }
    candidate_lost();
    return {act::drop_candidate, {}};
}

void session::candidate_lost() {
    upgrading_ = false;
    upgrade_deadline_ = time_point::max();
    poll_release_ = time_point::max();
}

void session::poll_held(time_point now) {
    if (upgrading_ && probed_) poll_release_ = now + std::chrono::milliseconds(100);
}

step session::on_deadline(time_point now) {
    if (now >= poll_release_) {
        poll_release_ = time_point::max();
        return {act::release_poll, {}};
    }
    if (now >= upgrade_deadline_) {
        candidate_lost();
        return {act::drop_candidate, {}};
    }
    const bool due = now >= heartbeat_;
    if (due && awaiting_pong_) return {act::close, close_reason::ping_timeout};
    if (now >= connect_deadline_) return {act::close, close_reason::connect_timeout};
    if (!due) return {};
    awaiting_pong_ = true;
    // From when the ping was due, so that timers that fire a little late do not add up to more than
    // the client waits. Only a loop that stood still must not take that time off the client's.
    if (now - heartbeat_ > tolerated_delay) heartbeat_ = now;
    heartbeat_ += options_->ping_timeout;
    return {act::send_ping, {}};
}

time_point session::next_deadline() const {
    return std::min({heartbeat_, connect_deadline_, upgrade_deadline_, poll_release_});
}

}  // namespace chat_gateway::engineio
