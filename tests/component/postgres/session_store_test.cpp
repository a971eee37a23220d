#include "failure.hpp"
#include "shared_server.hpp"

#include <chat_gateway/postgres/postgres.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <support/ports/session_store_contract.hpp>
#include <support/task_queue.hpp>

namespace chat_gateway::tests {
namespace {

using namespace std::chrono_literals;
using loaded = result<std::optional<std::string>>;

/// A text as a literal of SQL.
std::string literal(const std::string& text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') out += c;
        out += c;
    }
    return out + "'";
}

/// The table of connect-pg-simple 10 (its table.sql), under a name that has to be quoted.
class store_backend {
public:
    explicit store_backend(const std::string& table = "web.Sessions") {
        shared_server().execute(
            "drop schema if exists web cascade; create schema web;"
            "create table web.\"Sessions\" (sid varchar not null collate \"default\" primary key,"
            "  sess json not null, expire timestamp(6) not null);"
            "create index on web.\"Sessions\" (expire);");
        pool_ = postgres::make_worker_pool(
            {.url = shared_server().url(), .size = 2},
            [this](unique_function<void()> task) { loop_.post(std::move(task)); });
        store_ = postgres::make_session_store(pool_, table);
    }
    ~store_backend() {
        if (stopped_) shared_server().start();
    }
    store_backend(const store_backend&) = delete;
    store_backend& operator=(const store_backend&) = delete;

    chat::session_store& store() { return *store_; }
    void put(const std::string& id, const std::string& record) {
        insert(id, record, "now() + interval '1 hour'");
    }
    void put_expired(const std::string& id, const std::string& record) {
        insert(id, record, "now() - interval '1 second'");
    }
    void make_unavailable() {
        shared_server().stop();
        stopped_ = true;
    }
    void run_until(const std::function<bool()>& done) { EXPECT_TRUE(loop_.run_until(done)); }

    void insert(const std::string& id, const std::string& record, const std::string& expire,
                const std::string& time_zone = "UTC") {
        shared_server().execute("set time zone '" + time_zone +
                                "'; insert into web.\"Sessions\" values (" + literal(id) + ", " +
                                literal(record) + ", " + expire + ")");
    }
    loaded load(const std::string& id) {
        std::optional<loaded> answer;
        store_->load(id, [&](loaded r) { answer = std::move(r); });
        run_until([&] { return answer.has_value(); });
        return *answer;
    }

private:
    task_queue loop_;
    std::shared_ptr<postgres::worker_pool> pool_;
    std::unique_ptr<chat::session_store> store_;
    bool stopped_ = false;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, SessionStoreContract, store_backend);

// The view counts the queries that read it.
TEST(PostgresSessionStore, AStormIsFewQueries) {
    store_backend backend("web.counted");
    shared_server().execute(
        "create sequence web.asked;"
        "create view web.counted as with n as materialized (select nextval('web.asked'))"
        "  select s.* from web.\"Sessions\" s, n;"
        "insert into web.\"Sessions\" select 'id' || i, '{}', now() + interval '1 hour'"
        "  from generate_series(0, 1999) i;");
    int found = 0;
    for (int i = 0; i < 2000; ++i) {
        backend.store().load("id" + std::to_string(i), [&](loaded r) { found += r && *r; });
    }
    backend.run_until([&] { return found == 2000; });
    EXPECT_LE(std::stoi(shared_server().execute("select last_value from web.asked")), 10);
}

TEST(PostgresSessionStore, ASessionEndsInItsSecond) {
    store_backend backend;
    // The limit is the end of the current second, as connect-pg-simple has it.
    backend.insert("just over", "{}", "date_trunc('second', now())");
    backend.insert("still good", "{}", "now() + interval '5 seconds'");
    EXPECT_EQ(backend.load("just over").value(), std::nullopt);
    EXPECT_EQ(backend.load("still good").value(), "{}");
}

/// The server's TimeZone while the test runs.
class server_time_zone {
public:
    explicit server_time_zone(const std::string& zone) {
        shared_server().execute("alter role postgres set timezone = '" + zone + "'");
    }
    ~server_time_zone() { shared_server().execute("alter role postgres reset timezone"); }
    server_time_zone(const server_time_zone&) = delete;
    server_time_zone& operator=(const server_time_zone&) = delete;
};

TEST(PostgresSessionStore, ReadsInTheTimeZoneOfTheRoleWhateverPgtzSays) {
    const server_time_zone tokyo("Asia/Tokyo");
    ::setenv("PGTZ", "America/Los_Angeles", 1);
    store_backend backend;
    backend.insert("alive", "{}", "now() + interval '1 minute'", "Asia/Tokyo");
    backend.insert("over", "{}", "now() - interval '1 minute'", "Asia/Tokyo");
    EXPECT_EQ(backend.load("alive").value(), "{}");
    EXPECT_EQ(backend.load("over").value(), std::nullopt);
}

TEST(PostgresSessionStore, ATableThatIsNotThereIsSaidSo) {
    store_backend backend("web.other");
    EXPECT_EQ(backend.load("abc").error(), postgres::refused());
    std::optional<result<>> pinged;
    backend.store().ping([&](result<> r) { pinged = r; });
    backend.run_until([&] { return pinged.has_value(); });
    EXPECT_EQ(pinged->error(), postgres::refused());
}

TEST(PostgresSessionStore, TheIndexIsUsed) {
    const store_backend backend;
    shared_server().execute(
        "insert into web.\"Sessions\" select md5(i::text), '{}', now()"
        "  from generate_series(1, 20000) i; analyze web.\"Sessions\";");
    const auto plan = shared_server().execute(
        "prepare q as select sid, sess::text from web.\"Sessions\" where sid = any($1) and expire "
        ">= to_timestamp($2); explain execute q('{a,b}', 1);");
    EXPECT_NE(plan.find("Sessions_pkey"), std::string::npos) << plan;
}

}  // namespace
}  // namespace chat_gateway::tests
