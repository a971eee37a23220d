#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace bench {

/// Where messages are published.
class sink {
public:
    virtual ~sink() = default;
    /// One more message into the buffer.
    virtual void add(std::string_view room, std::string_view content) = 0;
    /// Sends what add() gathered.
    virtual void flush() = 0;
};

/// PUBLISH of what @socket.io/redis-emitter publishes, pipelined; 127.0.0.1.
std::unique_ptr<sink> make_redis_sink(std::uint16_t port);

/// POST /v1/messages, what was gathered in one request; waits for the answer; 127.0.0.1.
std::unique_ptr<sink> make_http_sink(std::uint16_t port);

}  // namespace bench
