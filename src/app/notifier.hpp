#pragma once

#include <chat_gateway/app/config_load.hpp>
#include <chat_gateway/net/descriptor.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace chat_gateway::app {

/// Tells the service manager how the process is, as sd_notify(3) says: a datagram to the AF_UNIX
/// socket that NOTIFY_SOCKET names. Without one, everything here does nothing. Not thread-safe.
class notifier {
public:
    explicit notifier(const environment& variables);

    /// Somebody listens.
    [[nodiscard]] bool on() const { return static_cast<bool>(socket_); }

    /// The listeners are open, or a reload is over.
    void ready(std::string_view status);
    void reloading();
    /// The end has begun; it takes that long at most.
    void stopping(std::string_view status, std::chrono::microseconds longest);
    /// One line for people.
    void status(std::string_view text);
    void alive();  ///< the watchdog's

private:
    void send(std::string_view assignments);

    net::descriptor socket_;
    std::string address_;  ///< as sun_path has it
    bool failed_ = false;
};

/// How often the service manager wants to hear that the process is alive (WATCHDOG_USEC); nullopt:
/// it does not, or asks another process (WATCHDOG_PID).
std::optional<std::chrono::microseconds> watchdog_time(const environment& variables);

}  // namespace chat_gateway::app
