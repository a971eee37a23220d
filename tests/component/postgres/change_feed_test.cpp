#include "outbox_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <pqxx/pqxx>

#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// config/postgres/outbox.sql and the feed that reads it, on a real server.
namespace chat_gateway::tests {
namespace {

class postgres_change_feed : public outbox_world {};

TEST_F(postgres_change_feed, an_insert_is_a_server_message) {
    start();
    run_as_writer(
        "set time zone 'Asia/Tokyo'; insert into messages values"
        " ('c0000000-0000-4000-8000-000000000001', '" +
        std::string(chat_1) + "', '" + user_1 + "', 'it''s \"€\"', '2023-11-15 07:13:20.123')");
    wait_for(1);
    EXPECT_EQ(std::get<message>(sink_.published[0]).packet,
              R"(2["serverMessage",{"chat_id":"a0000000-0000-4000-8000-000000000001",)"
              R"("message_id":"c0000000-0000-4000-8000-000000000001",)"
              R"("author":"b0000000-0000-4000-8000-000000000001","content":"it's \"€\"",)"
              R"("timestamp":1700000000123,"type":"text"}])");
    EXPECT_EQ(std::get<message>(sink_.published[0]).rooms, strings{chat_1});
}

TEST_F(postgres_change_feed, membership_is_told_in_the_order_of_the_rows) {
    start();
    run_as_writer("insert into chat_participants values ('" + std::string(chat_1) + "', '" +
                  user_1 + "');" + insert("hello") + "delete from chat_participants;");
    run_as_writer("delete from chats where chat_id = '" + std::string(chat_1) + "'");
    wait_for(4);
    const strings user{"user:" + std::string(user_1)};
    const auto& joined = std::get<request>(sink_.published[0]);
    EXPECT_EQ(joined.kind, request_kind::join);
    EXPECT_EQ(joined.to.rooms, user);
    EXPECT_EQ(joined.rooms, strings{chat_1});
    EXPECT_TRUE(std::get<message>(sink_.published[1]).to_all_nodes);
    const auto& left = std::get<request>(sink_.published[2]);
    EXPECT_EQ(left.kind, request_kind::leave);
    EXPECT_EQ(left.to.rooms, user);
    const auto& gone = std::get<request>(sink_.published[3]);
    EXPECT_EQ(gone.kind, request_kind::leave);
    EXPECT_EQ(gone.to.rooms, strings{chat_1});
    EXPECT_EQ(gone.rooms, strings{chat_1});
}

TEST_F(postgres_change_feed, what_is_rolled_back_is_not_told) {
    start();
    run_as_writer("begin;" + insert("never") + "rollback;");
    run_as_writer("begin;" + insert("first") + "savepoint s;" + insert("never") + "rollback to s;" +
                  insert("second") + "commit;");
    expect_drained(2);
    EXPECT_EQ(contents(), (strings{"first", "second"}));
}

TEST_F(postgres_change_feed, equal_rows_of_one_transaction_stay_apart) {
    start();
    run_as_writer("begin;" + insert("same") + insert("same") + insert("same") + "commit;");
    expect_drained(3);
    EXPECT_EQ(contents(), (strings{"same", "same", "same"}));
}

TEST_F(postgres_change_feed, a_large_transaction_and_large_messages) {
    start();
    run_as_writer("insert into messages (chat_id, content) select '" + std::string(chat_1) +
                  "', i::text from generate_series(1, 20000) i");
    run_as_writer("insert into messages (chat_id, content) select '" + std::string(chat_1) +
                  "', repeat('€', 21846) from generate_series(1, 40) i");
    expect_drained(20040);
    for (int i = 0; i < 20000; ++i)
        ASSERT_EQ(content_of(sink_.published[static_cast<std::size_t>(i)]), std::to_string(i + 1));
    EXPECT_EQ(content_of(sink_.published.back()).size(), 65538U);
    EXPECT_LT(sink_.batches, 60U);
}

TEST_F(postgres_change_feed,
       a_change_of_members_behind_a_megabyte_of_messages_passes_none_of_them) {
    const std::string chat(chat_1);
    run_as_writer("begin; insert into messages (chat_id, content) select '" + chat +
                  "', i || repeat('x', 300000) from generate_series(1, 8) i;"
                  "insert into chat_participants values ('" +
                  chat + "', '" + user_1 + "');" + insert("9") + "commit;");
    start();
    expect_drained(10);
    for (std::size_t i = 0; i < 8; ++i)
        EXPECT_EQ(content_of(sink_.published[i]).substr(0, 2), std::to_string(i + 1) + 'x');
    EXPECT_TRUE(std::holds_alternative<request>(sink_.published[8]));
    EXPECT_EQ(content_of(sink_.published[9]), "9");
}

TEST_F(postgres_change_feed, an_update_that_changes_nothing_tells_nothing) {
    const std::string chat(chat_1);
    const auto upsert =
        "insert into chat_participants values ('" + chat + "', '" + user_1 +
        "') on conflict (chat_id, user_id) do update set user_id = excluded.user_id;";
    start();
    run_as_writer(upsert);
    wait_for(1);
    run_as_writer(upsert + "update chat_participants set chat_id = chat_id;" + insert("hello"));
    expect_drained(2);
    EXPECT_EQ(content_of(sink_.published[1]), "hello");
}

// The writer's COMMIT succeeds all the same.
TEST_F(postgres_change_feed, a_message_that_cannot_be_told_is_left_out) {
    install("\\set sent_at '(m.content::jsonb ->> 0)'\n");
    start();
    run_as_writer(insert("[\"2023-11-14 22:13:20+00\"]") + insert("no json") +
                  insert("[\"infinity\"]") + insert("[\"2023-11-14 22:13:21+00\"]"));
    expect_drained(2);
    EXPECT_EQ(content_of(sink_.published[1]), "[\"2023-11-14 22:13:21+00\"]");
    EXPECT_EQ(shared_server().execute("select count(*) from messages"), "4\n");
}

// The triggers run with the rights of the tables' owner: nothing that a writer may create is
// called.
TEST_F(postgres_change_feed, writers_cannot_lend_themselves_the_owners_rights) {
    shared_server().execute("grant create on schema public to low_writer");
    run_as_writer(
        "create function public.json_build_object(text, text, text, text, text, text, text, text, "
        "text, bigint, text, text) returns json language plpgsql as $$ begin "
        "raise exception 'called'; end $$;"
        "create function public.floor(double precision) returns double precision language plpgsql "
        "as $$ begin raise exception 'called'; end $$;"
        "create function public.times(numeric, int) returns numeric language plpgsql as $$ begin "
        "raise exception 'called'; end $$;"
        "create operator public.* (leftarg = numeric, rightarg = int, function = public.times);");
    start();
    run_as_writer(insert("hello"));
    wait_for(1);
    EXPECT_EQ(contents(), strings{"hello"});
}

TEST_F(postgres_change_feed, what_was_written_while_nobody_published_comes_first) {
    run_as_writer(insert("1") + insert("2"));
    start();
    wait_for(2);
    run_as_writer(insert("3"));
    expect_drained(3);
    EXPECT_EQ(contents(), (strings{"1", "2", "3"}));
}

// The order of commits, seen from inside: whoever holds the chat's lock writes the next number and
// commits before it lets go of it. Some writers sleep, some roll back, some write two at once.
TEST_F(postgres_change_feed, the_order_in_a_chat_is_that_of_commits) {
    shared_server().execute(
        "create table counters (chat uuid primary key, n int not null);"
        "insert into counters select chat_id, 0 from chats; grant all on counters to low_writer;");
    start();
    constexpr int writers = 8;
    constexpr int each = 60;
    std::vector<std::thread> threads;
    for (int w = 0; w < writers; ++w) {
        threads.emplace_back([w] {
            std::minstd_rand random(static_cast<unsigned>(w) + 1);
            pqxx::connection c(url_of("low_writer"));
            for (int i = 0; i < each; ++i) {
                const auto chat =
                    "a0000000-0000-4000-8000-00000000000" + std::to_string(random() % 4 + 1);
                // Writes to other chats before and after, so that ids are drawn in between.
                std::string sql = "begin; ";
                if (random() % 2 == 0) sql += insert("noise", std::string(chat_8));
                sql += "update counters set n = n + 1 where chat = '" + chat + "';" +
                       "insert into messages (chat_id, content) select chat, n::text from counters "
                       "where chat = '" +
                       chat + "';";
                if (random() % 3 == 0) sql += "select pg_sleep(0.002);";
                sql += random() % 4 == 0 ? "rollback" : "commit";
                pqxx::nontransaction(c).exec(sql);
            }
        });
    }
    for (auto& t : threads)
        t.join();
    const auto total = std::stoul(shared_server().execute("select count(*) from messages"));
    expect_drained(total);
    std::map<std::string, int> last;
    for (const auto& change : sink_.published) {
        const auto& room = std::get<message>(change).rooms.front();
        if (room == chat_8) continue;
        ASSERT_EQ(content_of(change), std::to_string(++last[room])) << room;
    }
    EXPECT_EQ(last.size(), 4U);
}

TEST_F(postgres_change_feed, a_restart_of_the_server_loses_and_doubles_nothing) {
    start();
    run_as_writer(insert("1"));
    wait_for(1);
    shared_server().stop();
    shared_server().start();
    run_as_writer(insert("2"));
    expect_drained(2);
    EXPECT_EQ(contents(), (strings{"1", "2"}));
}

TEST_F(postgres_change_feed, two_feeds_publish_once) {
    start();
    start();
    for (int i = 0; i < 100; ++i)
        run_as_writer(insert(std::to_string(i)));
    expect_drained(100);
    EXPECT_EQ(sink_.refused, 0U);
}

TEST_F(postgres_change_feed, another_takes_over_from_one_that_died_before_it_heard) {
    sink_.silent = true;
    start();
    run_as_writer(insert("published, but nobody was told"));
    wait_for(1);
    start();
    sink_.silent = false;
    feeds_.erase(feeds_.begin());
    run_as_writer(insert("next"));
    expect_drained(2);
    EXPECT_EQ(contents(), (strings{"published, but nobody was told", "next"}));
}

TEST_F(postgres_change_feed, a_bus_that_is_away_is_waited_for) {
    sink_.away = true;
    start();
    run_as_writer(insert("1") + insert("2"));
    int asked = 0;
    loop_.post([] {});
    loop_.run_until([&] { return ++asked > 4; });
    EXPECT_TRUE(sink_.published.empty());
    sink_.away = false;
    expect_drained(2);
}

TEST_F(postgres_change_feed, a_table_that_is_installed_later_is_found) {
    shared_server().execute(script("outbox-remove.sql"));
    start();
    run_as_writer(insert("nobody hears of it"));
    install();
    run_as_writer(insert("heard"));
    expect_drained(1);
    EXPECT_EQ(contents(), strings{"heard"});
}

TEST_F(postgres_change_feed, may_be_installed_twice_and_ids_never_come_again) {
    run_as_writer(insert("1"));
    install();
    run_as_writer(insert("2"));
    start();
    wait_for(2);
    const auto mark = sink_.remembered;
    feeds_.clear();
    shared_server().execute(script("outbox-remove.sql"));
    install();
    start();
    run_as_writer(insert("3"));
    expect_drained(3);
    EXPECT_GT(sink_.remembered, mark);
    EXPECT_EQ(contents(), (strings{"1", "2", "3"}));
}

TEST_F(postgres_change_feed, expressions_fit_it_to_sc_market) {
    shared_server().execute(
        "create table accounts (user_id uuid primary key, username text);"
        "insert into accounts values ('" +
        std::string(user_1) + "', 'ann');");
    install(
        "\\set author '(select a.username from public.accounts a where a.user_id = m.author)'\n"
        "\\set type '''chat'''\n");
    start();
    run_as_writer("insert into messages (chat_id, author, content) values ('" +
                  std::string(chat_1) + "', '" + user_1 + "', 'x')");
    wait_for(1);
    const auto& packet = std::get<message>(sink_.published[0]).packet;
    EXPECT_THAT(packet, testing::HasSubstr(R"("author":"ann")"));
    EXPECT_THAT(packet, testing::HasSubstr(R"("type":"chat")"));
}

TEST_F(postgres_change_feed, writers_need_no_rights_and_get_none) {
    EXPECT_THROW(
        run_as_writer("insert into chat_gateway.outbox (kind, chat_id) values ('leave','x')"),
        pqxx::sql_error);
    EXPECT_THROW(run_as_writer("select chat_gateway.outbox_write('message', 'x', null, '{}')"),
                 pqxx::sql_error);
    EXPECT_THROW(run_as_writer("select * from chat_gateway.outbox"), pqxx::sql_error);
}

}  // namespace
}  // namespace chat_gateway::tests
