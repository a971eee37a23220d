#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/engineio/packet.hpp>
#include <chat_gateway/engineio/request.hpp>

#include <cstdint>
#include <iosfwd>
#include <string_view>

namespace chat_gateway::engineio {

/// Each way a session can end. The text is a log field and a metric label.
enum class close_reason : std::uint8_t {
    client_close,     ///< the client said so: polling `1`, WebSocket close frame
    transport_lost,   ///< the connection, or a held request, went away
    transport_error,  ///< overlapping polls or posts, frames against RFC 6455
    parse_error,      ///< bytes that are no packets
    ping_timeout,     ///< no pong in time
    connect_timeout,  ///< no namespace joined in time
    server_close,     ///< the application ended it, after what was owed was sent
    slow_consumer,    ///< more owed than may be kept
    shutting_down,    ///< drain
};
inline constexpr std::size_t close_reason_count = 9;
std::string_view to_string(close_reason r);

struct session_options {
    std::chrono::milliseconds ping_interval{25000};
    std::chrono::milliseconds ping_timeout{20000};
    std::chrono::milliseconds upgrade_timeout{10000};
    std::chrono::milliseconds connect_timeout{45000};
};

/// What the owner has to do. `deliver`: hand the packet's data to the application.
enum class act : std::uint8_t {
    none,
    deliver,
    send_ping,
    answer_probe,  ///< `3probe` on the candidate WebSocket, and release a held GET with `6`
    upgraded,  ///< the candidate is the transport now: release a held GET, send all that is owed on
               ///< it
    drop_candidate,  ///< close the candidate WebSocket; polling goes on
    release_poll,    ///< answer a held GET with `6`, so that the client can finish the upgrade
    close,
};
struct step {
    act what = act::none;
    close_reason reason{};
    bool operator==(const step&) const = default;
};
std::ostream& operator<<(std::ostream& out, const step& s);

/// Life of one Engine.IO v4 session: heartbeat, upgrade, connect timeout. Pure: packets and time
/// are arguments. Owned by its loop's session table, used on that thread only.
class session {
public:
    session(const session_options& o, transport via, time_point now);

    /// A packet on the session's own transport.
    [[nodiscard]] step on_packet(const packet& p, time_point now);
    /// Something that should have been a packet.
    [[nodiscard]] static step on_garbage() { return {act::close, close_reason::parse_error}; }

    /// A WebSocket for this session has come up. False: there is one already, refuse it.
    [[nodiscard]] bool begin_upgrade(time_point now);
    [[nodiscard]] step on_candidate_packet(const packet& p, time_point now);
    void candidate_lost();
    /// A GET is being held while the upgrade goes on: it gets its `6` within 100 ms.
    void poll_held(time_point now);

    /// Call until it says none, then wake up again at next_deadline().
    [[nodiscard]] step on_deadline(time_point now);
    [[nodiscard]] time_point next_deadline() const;

    /// A namespace is joined: the connect timeout is over for good.
    void connected() { connect_deadline_ = time_point::max(); }

    [[nodiscard]] transport via() const { return via_; }
    [[nodiscard]] bool upgrading() const { return upgrading_; }
    /// When the upgrade completed: a POST that was on its way before is still taken.
    [[nodiscard]] time_point upgraded_at() const { return upgraded_at_; }

private:
    const session_options* options_;
    time_point heartbeat_;  ///< next ping, or last moment for the pong
    time_point connect_deadline_;
    time_point upgrade_deadline_ = time_point::max();
    time_point poll_release_ = time_point::max();
    time_point upgraded_at_ = time_point::min();
    transport via_;
    bool awaiting_pong_ = false;
    bool upgrading_ = false;
    bool probed_ = false;
};

}  // namespace chat_gateway::engineio
