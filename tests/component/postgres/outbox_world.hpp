#pragma once

#include "query.hpp"
#include "shared_server.hpp"

#include <chat_gateway/postgres/postgres.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <pqxx/pqxx>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <support/marked_sink.hpp>
#include <support/task_queue.hpp>
#include <variant>
#include <vector>

namespace chat_gateway::tests {

using socketio::cluster::message;
using socketio::cluster::request;
using socketio::cluster::request_kind;
using strings = std::vector<std::string>;

inline constexpr const char* chat_1 = "a0000000-0000-4000-8000-000000000001";
inline constexpr const char* chat_8 = "a0000000-0000-4000-8000-000000000008";
inline constexpr const char* user_1 = "b0000000-0000-4000-8000-000000000001";

inline const std::string tables =
    "create table chats (chat_id uuid primary key, name text);"
    "create table chat_participants (chat_id uuid references chats on delete cascade, user_id uuid,"
    "  unique (chat_id, user_id));"
    "create table messages (message_id uuid primary key default gen_random_uuid(),"
    "  chat_id uuid references chats on delete cascade, author uuid, content text,"
    "  \"timestamp\" timestamp not null default now());"
    "insert into chats select ('a0000000-0000-4000-8000-00000000000' || i)::uuid, 'c'"
    "  from generate_series(1, 8) i;";

inline std::string script(const std::string& name, const std::string& variables = "") {
    std::ifstream in(CHAT_GATEWAY_TEST_DATA "/../../config/postgres/" + name);
    return variables + std::string(std::istreambuf_iterator<char>(in), {});
}

inline std::string content_of(const chat::change& change) {
    const auto& packet = std::get<message>(change).packet;
    return nlohmann::json::parse(packet.substr(1))[1]["content"];
}

/// A database with the outbox of config/postgres/outbox.sql, feeds that read it, and their bus.
class outbox_world : public testing::Test {
protected:
    void SetUp() override {
        shared_server().execute(
            "drop schema public cascade; create schema public;"
            "grant usage on schema public to public;" +
            tables +
            "do $$ begin create role low_gateway login; exception when duplicate_object then end "
            "$$;"
            "do $$ begin create role low_writer login; exception when duplicate_object then end $$;"
            "grant all on all tables in schema public to low_writer;" +
            script("outbox-remove.sql"));
        install();
    }
    void TearDown() override {
        feeds_.clear();
        shared_server().execute(script("outbox-remove.sql") +
                                "drop schema public cascade; create schema public;");
    }
    static void install(const std::string& variables = "") {
        shared_server().execute(script("outbox.sql", "\\set role low_gateway\n" + variables));
    }
    static std::string url_of(const std::string& role) {
        auto url = shared_server().url();
        return url.replace(url.find("postgres@"), 8, role);
    }
    std::unique_ptr<chat::change_feed> make_feed() {
        auto feed = postgres::make_change_feed(
            {.url = url_of("low_gateway")},
            [this](unique_function<void()> task) { loop_.post(std::move(task)); });
        feed->start(sink_);
        return feed;
    }
    void start() { feeds_.push_back(make_feed()); }
    void wait_for(std::size_t count) {
        EXPECT_TRUE(loop_.run_until([&] { return sink_.published.size() >= count; }));
        ASSERT_EQ(sink_.published.size(), count);
    }
    /// No row is left, and no more has been published than is expected.
    void expect_drained(std::size_t count) {
        wait_for(count);
        shared_server().execute(
            "insert into chat_gateway.outbox (kind, chat_id, user_id) values "
            "('leave', 'marker', 'u'); notify chat_gateway_outbox");
        wait_for(count + 1);
        sink_.published.pop_back();
    }
    strings contents() const {
        strings found;
        for (const auto& change : sink_.published)
            found.push_back(content_of(change));
        return found;
    }
    static std::string insert(const std::string& content, const std::string& chat = chat_1) {
        return "insert into messages (chat_id, content) values ('" + chat + "', '" + content +
               "');";
    }
    static void run_as_writer(const std::string& sql) {
        pqxx::connection c(url_of("low_writer"));
        pqxx::nontransaction(c).exec(sql);
    }

    task_queue loop_;
    marked_sink sink_;
    std::vector<std::unique_ptr<chat::change_feed>> feeds_;
};

}  // namespace chat_gateway::tests
