#pragma once

#include <chat_gateway/gateway/connection_limits.hpp>
#include <chat_gateway/gateway/metrics.hpp>
#include <chat_gateway/gateway/services.hpp>
#include <chat_gateway/http/forwarded.hpp>
#include <chat_gateway/net/event_loop.hpp>
#include <chat_gateway/server/engine.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace chat_gateway::gateway {

/// Of the handshakes on their way on one loop. Whoever comes above a bound gets 503 at once.
struct handshake_bounds {
    /// Never more than these: a loop works off about that many in a second, and each takes 5 kB.
    std::size_t most = 10'000;
    /// With more than these nobody gets in behind one that has waited for `patience`. As many as
    /// two questions to the database are about are no queue; and one handshake that is slow for
    /// reasons of its own holds up nobody.
    std::size_t crowd = 1024;
    /// Half of the time after which a store counts as unreachable: whoever gets in gets through.
    std::chrono::milliseconds patience{2500};
};

struct shard_options {
    server::engine_options engine;
    std::string session_cookie = "connect.sid";
    std::vector<http::cidr> trusted_proxies;  ///< whose X-Forwarded-For is believed
    std::size_t rooms_per_socket = 10000;
    /// How long a CONNECT waits for the bus to confirm its rooms.
    std::chrono::milliseconds subscribe_deadline{5000};
    handshake_bounds handshakes;
    std::shared_ptr<connection_limits> limits;  ///< of all shards together; null: none
    /// Twice as many in a burst; 0: no limit. What is more is dropped.
    std::uint32_t events_per_socket_per_s = 0;
    /// A session that gives no right to be here is told by the answer to CONNECT, instead of by
    /// HTTP.
    bool refuse_at_connect = false;
};

/// What a shard that is being drained still has.
struct drain_state {
    std::size_t sessions = 0;
    std::size_t lingering = 0;   ///< sessions closed whose pollers still fetch what they are owed
    std::size_t handshakes = 0;  ///< under way
};

/// What may change while a shard runs.
struct shard_limits {
    std::size_t rooms_per_socket = 10000;
    std::uint32_t events_per_socket_per_s = 0;
    std::size_t send_queue_bytes = 1048576;
    std::shared_ptr<connection_limits> connections;  ///< null: none
};

/// One loop's chat sockets: sessions of its engine that speak Socket.IO, and the rooms they are in.
/// Lives on its loop.
class shard {
public:
    shard(net::event_loop& loop, shard_options o, services& ask, metrics& counts);
    ~shard();

    [[nodiscard]] server::engine& engine();
    [[nodiscard]] net::event_loop& loop();

    /// What services call it for, on its loop; good as long as the shard is.
    [[nodiscard]] services::shard_calls calls();
    /// On its loop. Sockets that there are are held to the new ones as well; connections count
    /// against a limit that was off from now on.
    void set_limits(shard_limits l);
    /// What is open ends in a drain: no session is kept for its client to come back to this
    /// process. With `refuse`, further handshakes get 503.
    void begin_drain(bool refuse = true);
    /// Closes up to `most` sessions so that their clients come back elsewhere; returns what is
    /// left.
    drain_state close_some(std::size_t most);

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace chat_gateway::gateway
