#pragma once

#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/chat/ports/change_feed.hpp>
#include <chat_gateway/chat/ports/change_history.hpp>
#include <chat_gateway/chat/ports/chat_directory.hpp>
#include <chat_gateway/chat/ports/session_store.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// The ports over PostgreSQL: libpqxx on worker threads; nothing of pqxx leaves this module.
namespace chat_gateway::postgres {

/// Runs a task on the services loop; called from several worker threads at once. Must stay callable
/// until the pool is destroyed.
using post_function = unique_function<void(unique_function<void()>)>;

struct queries {
    std::string chats_of_users;
    std::string can_view_chat;
    std::string active_users;        ///< empty: everybody is active
    std::string probe = "select 1";  ///< one more that has to succeed for it to be ready
};
/// The participants queries that the configuration defaults to: chat_participants(chat_id,
/// user_id), whose ids may be of any type, as they compare in the columns' own type and so by their
/// index. A parameter has the type that the query needs; where the server cannot tell which that
/// is, `$1` of the queries for several users is text[] and the others are text. A query that always
/// wants text says `$1::text[]`. Where ids are not text, a user is known by the form in which the
/// database prints it (a UUID in lower case).
queries default_queries();

/// What is wrong with a libpq URI, a phrase such as `has a port that is no number from 1 to 65535`,
/// without any of its text; empty: nothing that can be known without connecting.
std::string_view fault_of_url(std::string_view url);

struct pool_options {
    std::string url;  ///< libpq URI
    unsigned size = 4;
    std::chrono::milliseconds statement_timeout{5000};
};

class worker_pool;
/// Connects lazily, reconnects with backoff and jitter; never throws for an unreachable server.
/// While the server is away work fails at once with errc::unavailable, but for the piece that tries
/// to connect (at most 5 s). A statement that outlives its timeout, and work that waited as long
/// for a worker, is errc::timeout; a server that does not even end it loses the connection a second
/// later. Work beyond a queue of 1000 is errc::overloaded.
std::shared_ptr<worker_pool> make_worker_pool(pool_options o, post_function post);
/// Ends the threads: queued work fails with errc::closed, running statements are waited for
/// (bounded by their timeout).
void stop(worker_pool& p);
struct pool_state {
    std::size_t workers = 0;
    std::size_t busy = 0;        ///< of them
    std::size_t queued = 0;      ///< questions that wait for a worker
    std::uint64_t connects = 0;  ///< connections made since the start
};
/// Thread-safe.
pool_state state_of(worker_pool& p);

/// Handlers of work under way run even if the directory is gone. A query that the server rejects,
/// or that returns other columns than it must, is logged and an error of its own that says so; an
/// id that is not of its column's type is a "no". ping() puts all of the queries, for nobody.
std::unique_ptr<chat::chat_directory> make_chat_directory(std::shared_ptr<worker_pool> pool,
                                                          queries q);

/// connect-pg-simple's sessions: `table` (`name` or `schema.name`, in the case given) has the
/// columns sid, sess and expire. What is asked for while two queries are under way is asked
/// together.
///
/// `expire` has no time zone: it is local time in the writer's TimeZone. It is compared as
/// connect-pg-simple compares it, so the TimeZone that server, database or role give this
/// connection has to be the writer's (`?options=-c%20TimeZone=..` in the URL sets another). PGTZ,
/// which libpq would pass on and node-postgres does not, is taken out of the environment.
std::unique_ptr<chat::session_store> make_session_store(std::shared_ptr<worker_pool> pool,
                                                        std::string_view table);

struct outbox_options {
    std::string url;  ///< libpq URI; LISTEN needs a session, so no pooler by transactions
    std::chrono::milliseconds statement_timeout{5000};
};
/// What the triggers of config/postgres/outbox.sql record, in the order of commits. Of all feeds on
/// a database one publishes at a time: the one that holds an advisory lock; another takes over
/// within about a second of its end. A thread and a connection of its own; reconnects with backoff
/// and jitter. A table that is not there, or not granted, is logged and looked for again.
inline constexpr std::string_view outbox_probe = "select id from chat_gateway.outbox limit 0";
std::unique_ptr<chat::change_feed> make_change_feed(outbox_options o, post_function post);
/// What that feed, here or on another gateway, has published in the last minutes.
std::unique_ptr<chat::change_history> make_change_history(std::shared_ptr<worker_pool> pool);

}  // namespace chat_gateway::postgres
