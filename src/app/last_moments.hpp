#pragma once

namespace chat_gateway::app {

/// The time in which everything is destroyed: if it lasts longer than half a second the process
/// ends there, with exit code 0. SIGTERM, SIGINT and SIGHUP have no effect from its beginning on.
/// One of a process, when its loops have returned and nobody waits for these signals any more.
class last_moments {
public:
    last_moments();
    ~last_moments();
    last_moments(const last_moments&) = delete;
    last_moments& operator=(const last_moments&) = delete;
};

}  // namespace chat_gateway::app
