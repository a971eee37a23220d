#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/chat/ports/message_bus.hpp>
#include <chat_gateway/chat/ports/session_store.hpp>

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// The ports over Redis. Everything here lives on the thread of the io_context it is made with (the
/// services loop).
namespace chat_gateway::redis {

/// `redis://[[user]:password@]host[:port][/db]` or `unix:///path[?db=n]`; the password never
/// reaches a log.
struct url {
    std::string host = "127.0.0.1";
    std::string port = "6379";
    std::string unix_path;  ///< set: host and port do not count
    std::string user;
    std::string password;
    unsigned database = 0;
    /// For logs: without user and password.
    [[nodiscard]] std::string redacted() const;
};
/// errc::malformed with nothing else to say; the configuration check tells what is accepted.
result<url> parse_url(std::string_view text);

class connection;
/// One pipelined command connection; reconnects by itself with backoff and jitter. Commands while
/// it is away fail at once with errc::unavailable; unanswered ones fail when it breaks
/// (unavailable) or after the command timeout (timeout, and the connection is remade).
std::shared_ptr<connection> make_connection(boost::asio::io_context& loop, url where);
void stop(connection& c);

std::unique_ptr<chat::session_store> make_session_store(std::shared_ptr<connection> commands,
                                                        std::string prefix);
/// The same; watched, it listens for keyspace notifications on a connection of its own to `where`.
std::unique_ptr<chat::session_store> make_session_store(std::shared_ptr<connection> commands,
                                                        std::string prefix,
                                                        boost::asio::io_context& loop, url where);

struct classic_bus_options {
    std::string prefix = "socket.io";
    bool room_channels = true;  ///< false: bus.subscription = all
};
struct bus_counters {
    std::uint64_t messages = 0;    ///< received
    std::uint64_t malformed = 0;   ///< received and dropped
    std::uint64_t reconnects = 0;  ///< of the listening connection
    bool operator==(const bus_counters&) const = default;
};
/// A message bus over Redis. Destroying it is the end of it; not from inside its receive handler.
class bus : public chat::message_bus {
public:
    [[nodiscard]] virtual bus_counters counters() const = 0;
};
/// Publishes on `commands`, listens on a connection of its own to `where`. In an outage subscribe()
/// may also answer errc::overloaded: too many wait already.
std::unique_ptr<bus> make_classic_bus(boost::asio::io_context& loop, url where,
                                      std::shared_ptr<connection> commands, classic_bus_options o);

}  // namespace chat_gateway::redis
