#include "outbox_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// What config/postgres/outbox.sql keeps of what was published, on a real server.
namespace chat_gateway::tests {
namespace {

using chat::change_history;

class postgres_change_history : public outbox_world {
protected:
    void TearDown() override {
        postgres::stop(*pool_);
        outbox_world::TearDown();
    }

    result<std::uint64_t> last_published() {
        std::optional<result<std::uint64_t>> answer;
        history_->last_published([&](auto r) { answer = r; });
        EXPECT_TRUE(loop_.run_until([&] { return answer.has_value(); }));
        return *answer;
    }
    result<change_history::page> read(std::uint64_t after, std::uint64_t up_to) {
        std::optional<result<change_history::page>> answer;
        history_->read(after, up_to, [&](auto r) { answer = std::move(r); });
        EXPECT_TRUE(loop_.run_until([&] { return answer.has_value(); }));
        return std::move(*answer);
    }
    /// All pages; how many they were.
    std::size_t read_all(std::uint64_t after, std::uint64_t up_to,
                         std::vector<chat::change>& into) {
        std::size_t pages = 0;
        while (after < up_to) {
            auto page = read(after, up_to).value();
            for (auto& change : page.changes)
                into.push_back(std::move(change.what));
            EXPECT_GT(page.read_to, after);
            after = page.read_to;
            ++pages;
        }
        return pages;
    }
    static std::string ask(const std::string& sql) {
        auto answer = shared_server().execute(sql);
        while (answer.ends_with('\n'))
            answer.pop_back();
        return answer;
    }
    static std::uint64_t kept() {
        return std::stoull(ask("select count(*) from chat_gateway.published"));
    }
    void wait_until_moved() {
        EXPECT_TRUE(loop_.run_until([&] {
            loop_.post([] {});
            return ask("select count(*) from chat_gateway.outbox") == "0";
        }));
    }
    static void run_as_gateway(const std::string& sql) {
        pqxx::connection c(url_of("low_gateway"));
        pqxx::nontransaction(c).exec(sql);
    }

    std::shared_ptr<postgres::worker_pool> pool_ = postgres::make_worker_pool(
        {.url = url_of("low_gateway"), .size = 1},
        [this](unique_function<void()> task) { loop_.post(std::move(task)); });
    std::unique_ptr<chat::change_history> history_ = postgres::make_change_history(pool_);
};

TEST_F(postgres_change_history, what_was_published_is_read_as_it_was) {
    start();
    run_as_writer("insert into chat_participants values ('" + std::string(chat_1) + "', '" +
                  user_1 + "');" + insert("one") + insert("two") +
                  "delete from chat_participants;");
    run_as_writer("delete from chats where chat_id = '" + std::string(chat_1) + "'");
    wait_for(5);
    wait_until_moved();
    EXPECT_EQ(last_published().value(), sink_.remembered);
    std::vector<chat::change> past;
    read_all(0, sink_.remembered, past);
    for (auto& change : sink_.published) {
        if (auto* m = std::get_if<message>(&change)) m->to_all_nodes = false;
    }
    EXPECT_EQ(past, sink_.published);
    // Between two marks.
    const auto page = read(0, sink_.remembered).value();
    ASSERT_EQ(page.changes.size(), 5U);
    const auto part = read(page.changes[1].id, page.changes[2].id).value();
    ASSERT_EQ(part.changes.size(), 1U);
    EXPECT_EQ(content_of(part.changes[0].what), "two");
    EXPECT_EQ(part.read_to, page.changes[2].id);
}

TEST_F(postgres_change_history, what_is_on_the_bus_and_was_not_moved_yet_is_read_too) {
    run_as_writer(insert("1"));
    start();
    wait_for(1);
    wait_until_moved();
    sink_.silent = true;
    run_as_writer(insert("2"));
    wait_for(2);
    ASSERT_EQ(ask("select count(*) from chat_gateway.outbox"), "1");
    const auto page = read(0, sink_.remembered).value();
    ASSERT_EQ(page.changes.size(), 2U);
    EXPECT_EQ(content_of(page.changes[0].what), "1");
    EXPECT_EQ(content_of(page.changes[1].what), "2");
    EXPECT_LT(last_published().value(), sink_.remembered);
}

TEST_F(postgres_change_history, it_comes_in_pages) {
    start();
    run_as_writer("insert into messages (chat_id, content) select '" + std::string(chat_1) +
                  "', i::text from generate_series(1, 2500) i");
    run_as_writer("insert into messages (chat_id, content) select '" + std::string(chat_1) +
                  "', repeat('x', 65536) from generate_series(1, 40) i");
    // Behind more than a megabyte, in the same page: it must not stand for what is before it.
    run_as_writer("insert into chat_participants values ('" + std::string(chat_1) + "', '" +
                  user_1 + "')");
    wait_for(2541);
    wait_until_moved();
    std::vector<chat::change> past;
    EXPECT_GE(read_all(0, sink_.remembered, past), 5U);
    ASSERT_EQ(past.size(), 2541U);
    EXPECT_TRUE(std::holds_alternative<request>(past.back()));
    for (std::size_t i = 0; i + 1 < past.size(); ++i)
        ASSERT_EQ(content_of(past[i]), content_of(sink_.published[i]));
}

TEST_F(postgres_change_history, old_rows_are_swept_and_that_is_known) {
    start();
    run_as_writer(insert("1"));
    wait_for(1);
    wait_until_moved();
    const auto first = sink_.remembered;
    EXPECT_LT(read(0, first).value().forgotten_to, first);
    ask("update chat_gateway.published_state set keep_for = '0', next_sweep = clock_timestamp()");
    run_as_writer(insert("2"));
    wait_for(2);
    wait_until_moved();
    EXPECT_EQ(kept(), 0U);
    const auto page = read(first, sink_.remembered).value();
    EXPECT_TRUE(page.changes.empty());
    EXPECT_EQ(page.forgotten_to, sink_.remembered);
    EXPECT_EQ(ask("select kept_rows, kept_bytes from chat_gateway.published_state"), "0|0");
}

TEST_F(postgres_change_history, no_more_are_kept_than_are_allowed) {
    for (const char* bound : {"keep_rows = 100", "keep_bytes = 12000"}) {
        ask(std::string("update chat_gateway.published_state set keep_rows = 100000, ") +
            "keep_bytes = 67108864");
        ask(std::string("update chat_gateway.published_state set ") + bound);
        feeds_.clear();
        start();
        const auto so_far = sink_.published.size();
        run_as_writer("insert into messages (chat_id, content) select '" + std::string(chat_1) +
                      "', i::text from generate_series(1, 2000) i");
        wait_for(so_far + 2000);
        wait_until_moved();
        EXPECT_LE(kept(), 110U) << bound;
        EXPECT_GE(kept(), 20U) << bound;
        // The youngest ones, without holes.
        const auto forgotten = read(0, sink_.remembered).value().forgotten_to;
        std::vector<chat::change> past;
        read_all(forgotten, sink_.remembered, past);
        ASSERT_EQ(past.size(), kept());
        for (std::size_t i = 0; i < past.size(); ++i)
            EXPECT_EQ(content_of(past[i]), std::to_string(2000 - past.size() + i + 1));
        EXPECT_EQ(ask("select kept_rows = count(*) and kept_bytes = sum(octet_length(payload)) "
                      "from chat_gateway.published_state, chat_gateway.published group by "
                      "kept_rows, kept_bytes"),
                  "t");
    }
}

TEST_F(postgres_change_history, they_are_swept_when_nothing_more_is_written_as_well) {
    start();
    run_as_writer(insert("the last one"));
    wait_for(1);
    wait_until_moved();
    ask("update chat_gateway.published_state set keep_for = '0', next_sweep = clock_timestamp()");
    EXPECT_TRUE(loop_.run_until([&] {
        loop_.post([] {});
        return kept() == 0;
    }));
}

TEST_F(postgres_change_history, a_gateway_that_knows_nothing_of_it_keeps_rows_all_the_same) {
    run_as_writer(insert("1"));
    run_as_gateway("delete from chat_gateway.outbox");
    EXPECT_EQ(kept(), 1U);
    EXPECT_GT(last_published().value(), 0U);
}

TEST_F(postgres_change_history, the_gateway_may_read_and_sweep_and_no_more) {
    run_as_gateway("select chat_gateway.outbox_sweep()");
    for (const char* sql :
         {"delete from chat_gateway.published",
          "insert into chat_gateway.published (id, kind, chat_id) values (1, 'leave', 'c')",
          "update chat_gateway.published_state set swept_to = 0",
          "update chat_gateway.outbox set chat_id = 'c'"})
        EXPECT_THROW(run_as_gateway(sql), pqxx::sql_error) << sql;
    EXPECT_THROW(run_as_writer("select * from chat_gateway.published"), pqxx::sql_error);
    EXPECT_THROW(run_as_writer("select chat_gateway.outbox_sweep()"), pqxx::sql_error);
}

TEST_F(postgres_change_history, an_outbox_of_the_version_before_is_served_and_then_upgraded) {
    ask(script("outbox-remove.sql"));
    ask(script("../../tests/data/outbox/that_keeps_nothing.sql", "\\set role low_gateway\n"));
    start();
    run_as_writer(insert("published, and not kept"));
    wait_for(1);
    wait_until_moved();
    const auto unkept = sink_.remembered;
    const auto none = last_published();
    ASSERT_TRUE(none.has_error());
    EXPECT_NE(none.error().category(), make_error_code(errc::timeout).category())
        << "nothing that asking again would help against";

    install();
    install();
    run_as_writer(insert("published, and kept"));
    wait_for(2);
    wait_until_moved();
    EXPECT_EQ(last_published().value(), sink_.remembered);
    const auto page = read(unkept, sink_.remembered).value();
    ASSERT_EQ(page.changes.size(), 1U);
    EXPECT_EQ(content_of(page.changes[0].what), "published, and kept");
    EXPECT_GE(page.forgotten_to, unkept) << "it does not claim to know what it did not keep";
    EXPECT_LT(page.forgotten_to, sink_.remembered);
}

TEST_F(postgres_change_history, how_long_rows_are_kept_is_a_variable_of_the_script) {
    const std::string keep_for = "select keep_for = '2 minutes' from chat_gateway.published_state";
    EXPECT_EQ(ask(keep_for), "t");
    install("\\set keep '10 minutes'\n");
    EXPECT_EQ(ask("select keep_for = '10 minutes' from chat_gateway.published_state"), "t");
}

}  // namespace
}  // namespace chat_gateway::tests
