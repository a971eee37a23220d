#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/chat/ports/bus_marks.hpp>
#include <chat_gateway/chat/ports/change_feed.hpp>
#include <chat_gateway/chat/ports/message_bus.hpp>
#include <chat_gateway/chat/ports/recovery_store.hpp>
#include <chat_gateway/chat/ports/session_store.hpp>

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// The ports over Redis. Everything here lives on the thread of the io_context it is made with (the
/// services loop).
namespace chat_gateway::redis {

/// `redis://[[user]:password@]host[:port][/db]`, the same with `rediss://` for TLS, or
/// `unix:///path[?db=n]`; the password never reaches a log.
struct url {
    std::string host = "127.0.0.1";
    std::string port = "6379";
    std::string unix_path;  ///< set: host and port do not count
    std::string user;
    std::string password;
    unsigned database = 0;
    bool tls = false;                ///< the certificate must be good for `host`
    std::string ca_file{};           ///< PEM, who signs it; empty: the system's authorities
    std::string certificate_file{};  ///< PEM, of this client; empty: none
    std::string key_file{};          ///< PEM, its key
    /// For logs: without user and password.
    [[nodiscard]] std::string redacted() const;
};
/// errc::malformed with nothing else to say; the configuration check tells what is accepted.
result<url> parse_url(std::string_view text);
/// One, or several nodes of a Redis Cluster, comma-separated: URLs as they are, or more hosts
/// behind the first, `redis://user:password@a:7000,b:7000`. errc::malformed. That they are alike,
/// as a cluster needs, is not looked at.
result<std::vector<url>> parse_urls(std::string_view text);

class client;
class connection;
/// One pipelined command connection; reconnects by itself with backoff and jitter. Commands while
/// it is away fail at once with errc::unavailable; unanswered ones fail when it breaks
/// (unavailable) or after the command timeout (timeout, and the connection is remade).
std::shared_ptr<connection> make_connection(boost::asio::io_context& loop, url where);
/// For whoever only hands it on to the ports: of one server or, with several nodes, of the Redis
/// Cluster that they belong to (at least one; alike but for host and port). `home`: a key; commands
/// that have none go to the node that holds it.
std::shared_ptr<client> make_client(boost::asio::io_context& loop, std::vector<url> nodes,
                                    std::string home);
void stop(client& c);
/// By all connections of the process that remake themselves. Thread-safe.
std::uint64_t connections_made();

/// `database`: whose keyspace notifications tell of sessions that end, where Redis sends them.
std::unique_ptr<chat::session_store> make_session_store(std::shared_ptr<client> redis,
                                                        std::string prefix, unsigned database = 0);

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
/// One that keeps its messages has no marks to tell: errc::unavailable.
class bus : public chat::message_bus, public chat::bus_marks {
public:
    [[nodiscard]] virtual bus_counters counters() const = 0;
};
/// Publishes through `redis`, and listens to it on a connection of the bus' own. In an outage
/// subscribe() may also answer errc::overloaded: too many wait already.
std::unique_ptr<bus> make_classic_bus(std::shared_ptr<client> redis, classic_bus_options o);
/// The bus of @socket.io/redis-adapter's sharded adapter: Redis 7's sharded channels.
std::unique_ptr<bus> make_sharded_bus(std::shared_ptr<client> redis, std::string prefix);

struct streams_bus_options {
    std::string prefix = "socket.io";  ///< the stream, and the channels beside it
    std::uint32_t max_length = 10000;  ///< entries that are kept, about
};
/// The bus of @socket.io/redis-streams-adapter, whose stream it reads on a connection of its own.
std::unique_ptr<bus> make_streams_bus(boost::asio::io_context& loop, std::shared_ptr<client> redis,
                                      streams_bus_options o);

/// Sessions where @socket.io/redis-streams-adapter keeps them, `sio:session:<pid>`, and the entries
/// of its stream. Needs GETDEL (Redis 6.2) and EVAL.
std::unique_ptr<chat::recovery_store> make_recovery_store(std::shared_ptr<client> redis,
                                                          std::string stream);

/// Publishes changes as an emitter would: to every node, this one included, in one order. The mark
/// is the key `<prefix>:outbox`; a script compares and sets it with what it publishes.
std::unique_ptr<chat::change_sink> make_classic_change_sink(std::shared_ptr<client> redis,
                                                            std::string prefix);
/// The same on sharded channels. The script publishes to all of them from one node, so not on a
/// Redis Cluster.
std::unique_ptr<chat::change_sink> make_sharded_change_sink(std::shared_ptr<client> redis,
                                                            std::string prefix);
/// The same as entries of the stream. The mark is the key `{<prefix>}:outbox`.
std::unique_ptr<chat::change_sink> make_streams_change_sink(std::shared_ptr<client> redis,
                                                            streams_bus_options o);

}  // namespace chat_gateway::redis
