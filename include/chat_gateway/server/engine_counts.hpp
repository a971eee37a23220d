#pragma once

#include <chat_gateway/base/counter.hpp>

namespace chat_gateway::server {

/// What an engine counts: written on its loop, read by any thread.
struct alignas(64) engine_counts {
    /// Of one transport. Packets are Engine.IO's; bytes are those of frames, and of polling bodies.
    struct traffic {
        counter packets_in;
        counter bytes_in;
        counter packets_out;  ///< queued for sessions of that transport
        counter bytes_out;
    };
    traffic polling;
    traffic websocket;
    counter blocked;            ///< WebSockets now that take no more bytes
    counter queued_bytes;       ///< what they are owed
    counter upgrades_given_up;  ///< the client, or time, put an end to it
    counter upgrades_lost;      ///< the connection went away
    counter upgrades_refused;   ///< the session has a WebSocket, or is unknown
};

}  // namespace chat_gateway::server
