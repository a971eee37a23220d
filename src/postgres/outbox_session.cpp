#include "outbox_session.hpp"

#include "query.hpp"

#include <cstdlib>
#include <poll.h>
#include <string_view>
#include <utility>

namespace chat_gateway::postgres {
namespace {

constexpr auto grace = std::chrono::seconds(1);

/// Rows of one publication: at most 500, and none after the first megabyte. Without a gap: the mark
/// says that all before it are published.
constexpr const char* read_sql = R"(
select id, kind, chat_id, coalesce(user_id, ''), payload from (
    select *, sum(octet_length(payload)) over (order by id rows unbounded preceding) - octet_length(payload) as before
    from (select id, kind, chat_id, user_id, coalesce(payload, '') as payload
          from chat_gateway.outbox where id > $1 order by id limit 500) first_rows) numbered
where before < 1048576 order by id)";

/// Neither of the names need exist.
constexpr const char* keeps_sql = R"(
select coalesce(has_function_privilege(to_regprocedure('chat_gateway.outbox_sweep()'), 'execute')
    and has_table_privilege(to_regclass('chat_gateway.published'), 'select')
    and has_table_privilege(to_regclass('chat_gateway.published_state'), 'select'), false))";

bool is_true(const pqxx::result& rows) {
    return std::string_view(rows[0][0].c_str()) == "t";
}

}  // namespace

outbox_session::outbox_session(const std::string& url, std::chrono::milliseconds statement_timeout,
                               watchdog& dog)
    : session_(url),
      backend_(session_.connection().backendpid()),
      timeout_(statement_timeout),
      dog_(dog) {
    run("set statement_timeout = " + std::to_string(statement_timeout.count()));
}

template <class... Values>
pqxx::result outbox_session::run(const std::string& sql, const Values&... values) {
    struct guard {
        guard(watchdog& d, int socket, time_point deadline)
            : dog(d), id(d.watch(socket, deadline)) {}
        ~guard() { dog.unwatch(id); }
        guard(const guard&) = delete;
        guard& operator=(const guard&) = delete;
        watchdog& dog;
        watchdog::watch_id id;
    } const watched(dog_, session_.socket(), steady_clock::now() + timeout_ + grace);
    auto rows = query(session_.connection(), sql, values...);
    // libpqxx 6 makes broken connections anew by itself; the claim went with the old one.
    if (session_.connection().backendpid() != backend_) {
        throw pqxx::broken_connection("the outbox's session is over");
    }
    return rows;
}

bool outbox_session::claim() {
    // Beside the lock that writers hold while they commit.
    return is_true(run("select pg_try_advisory_lock(7161129040721093474)"));
}

void outbox_session::listen() {
    run("listen chat_gateway_outbox");
}

std::vector<outbox_row> outbox_session::read(std::uint64_t after) {
    std::vector<outbox_row> rows;
    for (const auto& row : run(read_sql, std::to_string(after))) {
        rows.push_back({std::strtoull(row[0].c_str(), nullptr, 10), row[1].c_str(), row[2].c_str(),
                        row[3].c_str(), row[4].c_str()});
    }
    return rows;
}

void outbox_session::forget(std::uint64_t up_to) {
    run("delete from chat_gateway.outbox where id <= $1", std::to_string(up_to));
}

void outbox_session::sweep() {
    if (keeps_published_) run("select chat_gateway.outbox_sweep()");
}

void outbox_session::check() {
    forget(0);
    read(0);
    keeps_published_ = is_true(run(keeps_sql));
}

void outbox_session::wait(int wake, std::chrono::milliseconds limit) {
    if (session_.connection().get_notifs() > 0) return;
    pollfd sources[2] = {{session_.connection().sock(), POLLIN, 0}, {wake, POLLIN, 0}};
    ::poll(sources, 2, static_cast<int>(limit.count()));
    session_.connection().get_notifs();
}

}  // namespace chat_gateway::postgres
