#include "value_checks.hpp"

#include <chat_gateway/app/config_table.hpp>

#include <algorithm>

namespace chat_gateway::app {
namespace {

constexpr std::uint32_t max_port = 65535;
constexpr std::uint32_t hour_ms = 3'600'000;
constexpr std::uint32_t day_ms = 86'400'000;
constexpr std::uint32_t mebibyte = 1'048'576;
constexpr std::uint32_t million = 1'000'000;

// A key is named once, as the member of settings that it is.
#define KEY(member) .path = #member, .slot = [](settings& s) -> config_slot { return &s.member; }

const std::vector<config_key>& table() {
    static const std::vector<config_key> keys{
        {KEY(server.host), .meaning = "Address of the public listener.", .check = check_address,
         .accepted = "an IP address such as 0.0.0.0 or ::, or a host name"},
        {KEY(server.port),
         .meaning = "Port of the public listener; 0 = a free one, which the log names; with "
                    "server.unix_socket, 0 = none.",
         .maximum = max_port, .alias = "PORT"},
        {KEY(server.unix_socket),
         .meaning = "Path of an AF_UNIX socket to listen on as well, or, with server.port 0, "
                    "instead. Its peer counts as a trusted proxy.",
         .check = check_unix_path, .accepted = "an absolute path of at most 107 bytes"},
        {KEY(server.unix_mode),
         .meaning = "Permissions of that socket. Who connects needs to write to it: put the user "
                    "of nginx into the gateway's group.",
         .check = check_file_mode, .accepted = "an octal file mode such as 0660"},
        {KEY(server.path), .meaning = "Engine.IO path; with and without a slash at its end.",
         .check = check_url_path, .accepted = "a path such as /ws"},
        {KEY(server.threads), .meaning = "Event loops; 0 = one per core.", .maximum = 64},
        {KEY(server.trusted_proxies), .meaning = "Peers whose X-Forwarded-For is believed.",
         .check = check_address_block,
         .accepted = "a list of address blocks such as 10.0.0.0/8 or ::1/128"},
        {KEY(server.max_connections),
         .meaning = "Connections above this number are answered 503; 0 = no limit. A handshake "
                    "under way counts, as with all limits of connections.",
         .maximum = 10 * million, .shipped = 50'000, .reloads = true},
        {KEY(server.drain_ms),
         .meaning = "Time that SIGTERM leaves for handing clients off before closing.",
         .maximum = hour_ms},

        {KEY(admin.host), .meaning = "Address of the private listener: health, metrics, /v1.",
         .check = check_address,
         .accepted = "an IP address such as 127.0.0.1 or ::1, or a host name"},
        {KEY(admin.port),
         .meaning = "Port of the private listener; 0 = a free one, which the log names.",
         .maximum = max_port},
        {KEY(admin.token), .meaning = "If not empty, /v1 asks for it as `Authorization: Bearer`.",
         .check = check_bearer_token, .accepted = "visible ASCII characters, no spaces",
         .shown = secrecy::secret},
        {KEY(admin.names),
         .meaning = "Names under which browsers open the operator's page, besides admin.host, IP "
                    "addresses and localhost; under others it can show, and not disconnect.",
         .check = check_address, .accepted = "a list of host names such as gateway.example.org"},

        {KEY(engine.ping_interval_ms), .meaning = "Engine.IO pingInterval.", .minimum = 10,
         .maximum = hour_ms},
        {KEY(engine.ping_timeout_ms), .meaning = "Engine.IO pingTimeout.", .minimum = 10,
         .maximum = hour_ms},
        {KEY(engine.max_payload_bytes),
         .meaning = "Engine.IO maxPayload: the largest message or polling body.", .minimum = 1,
         .maximum = 128 * mebibyte},
        {KEY(engine.upgrade_timeout_ms),
         .meaning = "Time for an upgrade from polling to WebSocket.", .minimum = 10,
         .maximum = hour_ms},
        {KEY(engine.transports), .meaning = "Transports that clients may use.",
         .choices = {"polling", "websocket"}},
        {KEY(engine.compression),
         .meaning = "permessage-deflate, and gzip or deflate of polling bodies, for clients that "
                    "ask for it; from 1024 bytes on."},

        {KEY(socket.connect_timeout_ms),
         .meaning = "An Engine.IO session without a namespace CONNECT is closed after this time.",
         .minimum = 10, .maximum = hour_ms},
        {KEY(socket.recovery_ms),
         .meaning =
             "Window of Connection State Recovery: how long a session is kept for its client "
             "to come back; 0 = off.",
         .maximum = day_ms},
        {KEY(socket.recovery_room_bytes),
         .meaning = "Messages of one room that are kept for recovery; the oldest go first.",
         .minimum = 1024, .maximum = 1024 * mebibyte},
        {KEY(socket.recovery_session_bytes),
         .meaning = "One session that waits for its client, and what it may be replayed; a client "
                    "that has missed more gets a fresh session. Half of limits.send_queue_bytes at "
                    "most.",
         .minimum = 1024, .maximum = 1024 * mebibyte},
        {KEY(socket.recovery_total_bytes),
         .meaning =
             "All that is kept for recovery, messages and sessions; sessions take half of it "
             "at most.",
         .minimum = 65536, .maximum = 4294967295},

        {KEY(cors.origins),
         .meaning = "Origins whose pages may connect, besides the gateway's own.",
         .check = check_origin,
         .accepted = "a list of origins such as https://shop.example or *.example.org",
         .reloads = true},

        {KEY(session.store),
         .meaning = "Where sessions are read: redis = connect-redis, postgres = connect-pg-simple, "
                    "memory = none but those of --demo.",
         .choices = {"redis", "postgres", "memory"}},
        {KEY(session.cookie), .meaning = "Name of the session cookie.", .check = check_cookie_name,
         .accepted = "a cookie name"},
        {KEY(session.secrets),
         .meaning = "Secrets that sign the cookie, newest first; any of them verifies. Required, "
                    "except with --demo. SESSION_SECRET is one secret as a whole, commas included.",
         .check = check_not_empty, .accepted = "a list of one or more secrets, none of them empty",
         .alias = "SESSION_SECRET", .shown = secrecy::secret, .reloads = true},
        {KEY(session.prefix), .meaning = "What connect-redis puts before a session's id.",
         .accepted = "a text"},
        {KEY(session.table),
         .meaning = "Table of connect-pg-simple, read in the time zone that the database gives "
                    "this role: it must be that of the role that writes.",
         .check = check_table_name, .accepted = "a table name, with or without its schema"},
        {KEY(session.user_pointer), .meaning = "JSON pointer to the user id within a session.",
         .check = check_json_pointer, .accepted = "a JSON pointer such as /passport/user"},
        {KEY(session.reject),
         .meaning = "How a refused session is told: handshake = HTTP 401, which stock clients "
                    "retry for ever; connect_error = the handshake succeeds and CONNECT is "
                    "answered with the error Unauthorized, on which they stop.",
         .choices = {"handshake", "connect_error"}},
        {KEY(session.recheck_ms),
         .meaning = "Sessions of live connections are read again this often; 0 = off.",
         .maximum = day_ms},

        {KEY(redis.url),
         .meaning =
             "Redis of the sessions and the bus. Several comma-separated nodes are those of a "
             "Redis "
             "Cluster that are asked for the others; all take the same user and password, and "
             "redis://user:password@a:7000,b:7000 is enough. rediss:// encrypts; the server's "
             "certificate must be good for the host that is named here or, of a cluster's other "
             "nodes, by which the cluster calls them.",
         .check = check_redis_url,
         .accepted = "redis://[[user]:password@]host[:port][/db], the same with rediss://, "
                     "unix:///path[?db=n], or several of the first two without db",
         .alias = "REDIS_URL", .shown = secrecy::url},
        {KEY(redis.tls_ca_file),
         .meaning = "With rediss://, a PEM file of the authorities that sign Redis' certificate, "
                    "instead of the system's. Like the other two files it is read with each "
                    "connection, so a renewed one counts from the next.",
         .accepted = "a path, or nothing"},
        {KEY(redis.tls_certificate_file),
         .meaning = "PEM file of the certificate shown to Redis (tls-auth-clients).",
         .accepted = "a path, or nothing"},
        {KEY(redis.tls_key_file), .meaning = "PEM file of its key.",
         .accepted = "a path, or nothing"},

        {KEY(postgres.url), .meaning = "Database of chats and users.", .check = check_postgres_url,
         .accepted = "postgresql://[user[:password]@]host[:port]/database", .alias = "DATABASE_URL",
         .shown = secrecy::url},
        {KEY(postgres.pool_size), .meaning = "Connections to it.", .minimum = 1, .maximum = 64},
        {KEY(postgres.statement_timeout_ms), .meaning = "A query that takes longer is given up.",
         .minimum = 1, .maximum = hour_ms},
        {KEY(postgres.queries.chats_of_users),
         .meaning = "`$1` = array of user ids (text[], or an array of what the query compares it "
                    "with), rows (user_id text, chat_id text); empty = the built-in query on "
                    "chat_participants, which --print-config shows.",
         .accepted = "an SQL query"},
        {KEY(postgres.queries.can_view_chat),
         .meaning = "`$1` = user id, `$2` = chat id (text, or what the query compares them with), "
                    "one boolean; empty = the built-in query on chat_participants, which "
                    "--print-config shows.",
         .accepted = "an SQL query"},
        {KEY(postgres.queries.active_users),
         .meaning = "`$1` = array of user ids (as in chats_of_users), rows (user_id text) of those "
                    "who may connect; empty = every user is active.",
         .accepted = "an SQL query"},
        {KEY(postgres.outbox),
         .meaning =
             "Fan out what the triggers of config/postgres/outbox.sql record: new messages "
             "and changes of membership. Not with bus.kind memory, nor with redis-sharded on a "
             "Redis Cluster."},

        {KEY(bus.kind),
         .meaning = "How gateways and back ends reach each other: redis = @socket.io/redis-adapter "
                    "and redis-emitter, redis-sharded and redis-streams = the adapters of these "
                    "names, memory = this process alone.",
         .choices = {"redis", "redis-sharded", "redis-streams", "memory"}},
        {KEY(bus.prefix), .meaning = "Prefix of the channels, or the stream's name.",
         .check = check_not_empty, .accepted = "a text that is not empty"},
        {KEY(bus.stream_length),
         .meaning = "With redis-streams: entries that the stream keeps, about (MAXLEN ~). Whoever "
                    "reads must not fall further behind. Node's adapter trims as well, by its own "
                    "maxLen.",
         .minimum = 100, .maximum = 100 * million},
        {KEY(bus.subscription),
         .meaning = "rooms = a channel per room that has members here, all = one subscription for "
                    "everything: less work for a handshake that brings in rooms, more for each "
                    "message of the cluster (docs/performance.md). all suits a single gateway, "
                    "and clusters with more handshakes than messages.",
         .choices = {"rooms", "all"}},

        {KEY(limits.connections_per_ip),
         .meaning =
             "Connections from one address; above it: 429; 0 = off. An IPv6 address counts as "
             "its /64. Behind a proxy this needs server.trusted_proxies.",
         .maximum = million, .shipped = 1000, .reloads = true},
        {KEY(limits.connections_per_user),
         .meaning = "Connections of one user; above it: 429; 0 = off.", .maximum = million,
         .shipped = 100, .reloads = true},
        {KEY(limits.handshakes_per_ip_per_s),
         .meaning = "Handshakes from one address, counted as for limits.connections_per_ip; twice "
                    "as many in a burst; above it: 429; 0 = off.",
         .maximum = million, .shipped = 50, .reloads = true},
        {KEY(limits.events_per_socket_per_s),
         .meaning = "Events from one socket; twice as many in a burst; 0 = off. What is more is "
                    "dropped, unacknowledged; a socket whose dropped events come to ten seconds' "
                    "worth is disconnected (`41`).",
         .maximum = million, .shipped = 50, .reloads = true},
        {KEY(limits.rooms_per_socket),
         .meaning = "Rooms that one socket may be in; further joins are denied.", .minimum = 1,
         .maximum = million, .reloads = true},
        {KEY(limits.send_queue_bytes),
         .meaning = "A socket with more than this to be sent is disconnected as a slow consumer.",
         .minimum = 1024, .maximum = 1024 * mebibyte, .reloads = true},

        {KEY(log.level), .meaning = "Lines below this level are not written.",
         .choices = {"trace", "debug", "info", "warn", "error"}, .reloads = true},
        {KEY(log.format), .meaning = "Form of the lines on standard error.",
         .choices = {"text", "json"}},
    };
    return keys;
}

#undef KEY

}  // namespace

std::span<const config_key> config_keys() {
    return table();
}

const config_key* find_config_key(std::string_view path) {
    const auto found = std::ranges::find(table(), path, &config_key::path);
    return found == table().end() ? nullptr : &*found;
}

std::string environment_name(std::string_view path) {
    std::string name = "CHAT_GATEWAY_";
    for (const char c : path) {
        if (c == '.') {
            name += '_';
        } else {
            name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        }
    }
    return name;
}

}  // namespace chat_gateway::app
